# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_apikey_global_optspecs
    string join \n registry= profile= vault= master-key-file= passphrase-file= json format= no-input h/help V/version
end

function __fish_apikey_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_apikey_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_apikey_using_subcommand
    set -l cmd (__fish_apikey_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c apikey -n "__fish_apikey_needs_command" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_needs_command" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_needs_command" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_needs_command" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_needs_command" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_needs_command" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_needs_command" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_needs_command" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_needs_command" -s h -l help -d 'Print help'
complete -c apikey -n "__fish_apikey_needs_command" -s V -l version -d 'Print version'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "init" -d 'Make the registry and its master key (the first `create` does it too)'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "create" -d 'Issue a key'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "generate" -d 'Issue a key'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "list" -d 'List keys, newest first'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "ls" -d 'List keys, newest first'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "show" -d 'Show one key'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "scope" -d 'Change what a key may do, or which scopes there are'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "expire" -d 'Change when a key ends'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "limit" -d 'Show what is left of limits, or change them'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "restrict" -d 'Change from where, and from when on, a key is accepted'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "edit" -d 'Change name, note, tags and schedule of a key'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "rotate" -d 'Give a key a new secret; the old one is accepted for a grace, which only ever shortens its life'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "revoke" -d 'End keys at once and for good'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "disable" -d 'Switch a key off until `enable`'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "enable" -d 'Switch a disabled key on again'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "purge" -d 'Remove keys that are revoked or expired'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "verify" -d 'Decide whether a secret is accepted, and if not, exactly why'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "serve" -d 'Answer over HTTP whether a request may pass'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "test-call" -d 'Call a real endpoint with a key, and say whether it accepts it'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "test" -d 'Call a real endpoint with a key, and say whether it accepts it'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "lookup" -d 'Find the key that a string belongs to'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "reveal" -d 'Show the kept copy of a secret'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "run" -d 'Start a program with the kept copy of a secret in its environment'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "forget" -d 'Erase the kept copies of a key\'s secrets'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "owner" -d 'List, suspend or resume owners'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "project" -d 'List, suspend or resume projects'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "usage" -d 'Show who made how many requests'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "log" -d 'Show who changed what, oldest first'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "doctor" -d 'Look at the registry, the vault, the log and the keys, and say what is not well'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "demo" -d 'Show the whole life of a key on a throw-away registry'
complete -c apikey -n "__fish_apikey_needs_command" -f -a "help" -d 'Show help for a command, or the exit codes'
complete -c apikey -n "__fish_apikey_using_subcommand init" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand init" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand init" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand init" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand init" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand init" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand init" -l brand -d 'How every secret begins: 2 to 12 characters, a-z and 0-9; cannot be changed later' -r
complete -c apikey -n "__fish_apikey_using_subcommand init" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand init" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand init" -l dry-run -d 'Say what would be made, and make nothing'
complete -c apikey -n "__fish_apikey_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand create" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand create" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand create" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand create" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand create" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand create" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand create" -l kind -d 'sk: private, for servers; pk: publishable, for browsers and apps; pair: consumer key and consumer secret' -r -f -a "sk\t''
pk\t''
pair\t''"
complete -c apikey -n "__fish_apikey_using_subcommand create" -l env -d 'live or test [default: live]' -r -f -a "live\t''
test\t''"
complete -c apikey -n "__fish_apikey_using_subcommand create" -l owner -d 'Who it belongs to [default: default]' -r
complete -c apikey -n "__fish_apikey_using_subcommand create" -l project -d 'What it is for [default: default]' -r
complete -c apikey -n "__fish_apikey_using_subcommand create" -l scope -d 'What it may do, as RESOURCE:ACTION; `*` stands for every resource or action. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand create" -l access -d 'read is `*:read`, full is `*:*`' -r -f -a "read\t''
full\t''"
complete -c apikey -n "__fish_apikey_using_subcommand create" -l expires -d 'When each of its secrets ends: a span (`90d`, renewed by each rotation), a date, or `never` [default: 90d]' -r
complete -c apikey -n "__fish_apikey_using_subcommand create" -l not-before -d 'Not accepted before this date or instant' -r
complete -c apikey -n "__fish_apikey_using_subcommand create" -l allow-ip -d 'Accept it only from this address or network. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand create" -l allow-origin -d 'Accept it only from this site, as `https://shop.example.com`. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand create" -l allow-app -d 'Accept it only from the app with this id. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand create" -l tag -d 'A word to find it by. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand create" -l note -d 'Free text' -r
complete -c apikey -n "__fish_apikey_using_subcommand create" -l rate -d 'How many requests may pass in a span, as 100/1m' -r
complete -c apikey -n "__fish_apikey_using_subcommand create" -l burst -d 'How many of them may come at once; without it, all' -r
complete -c apikey -n "__fish_apikey_using_subcommand create" -l quota -d 'How many requests may pass in a calendar window (UTC), as 10000/day or 500000/month' -r
complete -c apikey -n "__fish_apikey_using_subcommand create" -l every -d 'Rotate it this often; `list --due` and `rotate --due` go by it' -r
complete -c apikey -n "__fish_apikey_using_subcommand create" -l count -d 'Issue this many keys, named NAME-1 to NAME-N, five thousand in each transaction' -r
complete -c apikey -n "__fish_apikey_using_subcommand create" -l request-id -d 'Make this repeatable: the same id gives the same key and secret again' -r
complete -c apikey -n "__fish_apikey_using_subcommand create" -l secret-out -d 'Write the secret to this new file, readable by you alone, and not to standard output' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand create" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand create" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand create" -l no-keep -d 'Keep only the digest: `test-call`, `reveal` and `run` will not work by name'
complete -c apikey -n "__fish_apikey_using_subcommand create" -s q -l quiet -d 'Print only the secret'
complete -c apikey -n "__fish_apikey_using_subcommand create" -l dry-run -d 'Say what would be issued, and issue nothing'
complete -c apikey -n "__fish_apikey_using_subcommand create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l kind -d 'sk: private, for servers; pk: publishable, for browsers and apps; pair: consumer key and consumer secret' -r -f -a "sk\t''
pk\t''
pair\t''"
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l env -d 'live or test [default: live]' -r -f -a "live\t''
test\t''"
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l owner -d 'Who it belongs to [default: default]' -r
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l project -d 'What it is for [default: default]' -r
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l scope -d 'What it may do, as RESOURCE:ACTION; `*` stands for every resource or action. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l access -d 'read is `*:read`, full is `*:*`' -r -f -a "read\t''
full\t''"
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l expires -d 'When each of its secrets ends: a span (`90d`, renewed by each rotation), a date, or `never` [default: 90d]' -r
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l not-before -d 'Not accepted before this date or instant' -r
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l allow-ip -d 'Accept it only from this address or network. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l allow-origin -d 'Accept it only from this site, as `https://shop.example.com`. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l allow-app -d 'Accept it only from the app with this id. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l tag -d 'A word to find it by. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l note -d 'Free text' -r
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l rate -d 'How many requests may pass in a span, as 100/1m' -r
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l burst -d 'How many of them may come at once; without it, all' -r
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l quota -d 'How many requests may pass in a calendar window (UTC), as 10000/day or 500000/month' -r
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l every -d 'Rotate it this often; `list --due` and `rotate --due` go by it' -r
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l count -d 'Issue this many keys, named NAME-1 to NAME-N, five thousand in each transaction' -r
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l request-id -d 'Make this repeatable: the same id gives the same key and secret again' -r
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l secret-out -d 'Write the secret to this new file, readable by you alone, and not to standard output' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l no-keep -d 'Keep only the digest: `test-call`, `reveal` and `run` will not work by name'
complete -c apikey -n "__fish_apikey_using_subcommand generate" -s q -l quiet -d 'Print only the secret'
complete -c apikey -n "__fish_apikey_using_subcommand generate" -l dry-run -d 'Say what would be issued, and issue nothing'
complete -c apikey -n "__fish_apikey_using_subcommand generate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand list" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand list" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand list" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand list" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand list" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand list" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand list" -l status -d 'With this status. May be repeated' -r -f -a "active\t''
pending\t''
disabled\t''
suspended\t''
expired\t''
revoked\t''"
complete -c apikey -n "__fish_apikey_using_subcommand list" -l owner -d 'Of this owner' -r
complete -c apikey -n "__fish_apikey_using_subcommand list" -l project -d 'Of this project' -r
complete -c apikey -n "__fish_apikey_using_subcommand list" -l kind -d 'Of this kind' -r -f -a "sk\t''
pk\t''
pair\t''"
complete -c apikey -n "__fish_apikey_using_subcommand list" -l env -d 'For this environment' -r -f -a "live\t''
test\t''"
complete -c apikey -n "__fish_apikey_using_subcommand list" -l scope -d 'Allowed to do this, by a wildcard too' -r
complete -c apikey -n "__fish_apikey_using_subcommand list" -l tag -d 'With this tag' -r
complete -c apikey -n "__fish_apikey_using_subcommand list" -l name -d 'With exactly this name' -r
complete -c apikey -n "__fish_apikey_using_subcommand list" -l expiring -d 'Live, and ending within this span' -r
complete -c apikey -n "__fish_apikey_using_subcommand list" -l unused -d 'Live, and not used for this long' -r
complete -c apikey -n "__fish_apikey_using_subcommand list" -l limit -d 'At most this many' -r
complete -c apikey -n "__fish_apikey_using_subcommand list" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand list" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand list" -l due -d 'Live, and due for rotation by its schedule'
complete -c apikey -n "__fish_apikey_using_subcommand list" -l all -d 'Revoked keys too'
complete -c apikey -n "__fish_apikey_using_subcommand list" -l fail-if-any -d 'Exit 7 if any key is listed'
complete -c apikey -n "__fish_apikey_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l status -d 'With this status. May be repeated' -r -f -a "active\t''
pending\t''
disabled\t''
suspended\t''
expired\t''
revoked\t''"
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l owner -d 'Of this owner' -r
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l project -d 'Of this project' -r
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l kind -d 'Of this kind' -r -f -a "sk\t''
pk\t''
pair\t''"
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l env -d 'For this environment' -r -f -a "live\t''
test\t''"
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l scope -d 'Allowed to do this, by a wildcard too' -r
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l tag -d 'With this tag' -r
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l name -d 'With exactly this name' -r
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l expiring -d 'Live, and ending within this span' -r
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l unused -d 'Live, and not used for this long' -r
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l limit -d 'At most this many' -r
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l due -d 'Live, and due for rotation by its schedule'
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l all -d 'Revoked keys too'
complete -c apikey -n "__fish_apikey_using_subcommand ls" -l fail-if-any -d 'Exit 7 if any key is listed'
complete -c apikey -n "__fish_apikey_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand show" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand show" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand show" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand show" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand show" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand show" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand show" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand show" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand show" -s q -l quiet -d 'Print only the text of a publishable key'
complete -c apikey -n "__fish_apikey_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and not __fish_seen_subcommand_from add remove set define undefine defined" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and not __fish_seen_subcommand_from add remove set define undefine defined" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand scope; and not __fish_seen_subcommand_from add remove set define undefine defined" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand scope; and not __fish_seen_subcommand_from add remove set define undefine defined" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and not __fish_seen_subcommand_from add remove set define undefine defined" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and not __fish_seen_subcommand_from add remove set define undefine defined" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand scope; and not __fish_seen_subcommand_from add remove set define undefine defined" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and not __fish_seen_subcommand_from add remove set define undefine defined" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and not __fish_seen_subcommand_from add remove set define undefine defined" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and not __fish_seen_subcommand_from add remove set define undefine defined" -f -a "add" -d 'Give a key more scopes'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and not __fish_seen_subcommand_from add remove set define undefine defined" -f -a "remove" -d 'Take scopes from a key'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and not __fish_seen_subcommand_from add remove set define undefine defined" -f -a "set" -d 'Replace all scopes of a key'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and not __fish_seen_subcommand_from add remove set define undefine defined" -f -a "define" -d 'Add a scope to the catalogue, or describe it anew. Needs no vault'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and not __fish_seen_subcommand_from add remove set define undefine defined" -f -a "undefine" -d 'Remove a scope from the catalogue; keys that hold it keep it. Needs no vault'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and not __fish_seen_subcommand_from add remove set define undefine defined" -f -a "defined" -d 'List the catalogue'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from add" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from add" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from add" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from add" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from add" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from add" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from add" -l dry-run -d 'Say what would change, and change nothing'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from add" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from add" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from remove" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from remove" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from remove" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from remove" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from remove" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from remove" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from remove" -l dry-run -d 'Say what would change, and change nothing'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from remove" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from remove" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from set" -l access -d 'read is `*:read`, full is `*:*`' -r -f -a "read\t''
full\t''"
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from set" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from set" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from set" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from set" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from set" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from set" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from set" -l none -d 'No scope: the key only identifies'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from set" -l dry-run -d 'Say what would change, and change nothing'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from set" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from set" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from define" -l description -d 'What it is for' -r
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from define" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from define" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from define" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from define" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from define" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from define" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from define" -l dry-run -d 'Say what would change, and change nothing'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from define" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from define" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from define" -s h -l help -d 'Print help'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from undefine" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from undefine" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from undefine" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from undefine" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from undefine" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from undefine" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from undefine" -l dry-run -d 'Say what would change, and change nothing'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from undefine" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from undefine" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from undefine" -s h -l help -d 'Print help'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from defined" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from defined" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from defined" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from defined" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from defined" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from defined" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from defined" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from defined" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand scope; and __fish_seen_subcommand_from defined" -s h -l help -d 'Print help'
complete -c apikey -n "__fish_apikey_using_subcommand expire" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand expire" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand expire" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand expire" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand expire" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand expire" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand expire" -l at -d 'The same as an option' -r
complete -c apikey -n "__fish_apikey_using_subcommand expire" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand expire" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand expire" -l dry-run -d 'Say what would change, and change nothing'
complete -c apikey -n "__fish_apikey_using_subcommand expire" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand limit" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand limit" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand limit" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand limit" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand limit" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand limit" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand limit" -l owner -d 'The limits that all keys of this owner share' -r
complete -c apikey -n "__fish_apikey_using_subcommand limit" -l project -d 'The limits that all keys of this project share' -r
complete -c apikey -n "__fish_apikey_using_subcommand limit" -l rate -d 'How many requests may pass in a span, as 100/1m' -r
complete -c apikey -n "__fish_apikey_using_subcommand limit" -l burst -d 'How many of them may come at once; alone, it changes the rate there is [default: as set before, or all]' -r
complete -c apikey -n "__fish_apikey_using_subcommand limit" -l quota -d 'How many requests may pass in a calendar window (UTC), as 10000/day or 500000/month' -r
complete -c apikey -n "__fish_apikey_using_subcommand limit" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand limit" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand limit" -l no-rate -d 'Take the rate away'
complete -c apikey -n "__fish_apikey_using_subcommand limit" -l no-quota -d 'Take the quota away'
complete -c apikey -n "__fish_apikey_using_subcommand limit" -l none -d 'Take both away'
complete -c apikey -n "__fish_apikey_using_subcommand limit" -l dry-run -d 'Say what would change, and change nothing'
complete -c apikey -n "__fish_apikey_using_subcommand limit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -l allow-ip -d 'Accept it from this address or network too. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -l remove-ip -d 'No longer accept it from this address or network. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -l allow-origin -d 'Accept it from this site too, as `https://shop.example.com`. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -l allow-app -d 'Accept it from the app with this id too. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -l remove-origin -d 'No longer accept it from this site or app (`app:ID`). May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -l not-before -d 'Not accepted before this date or instant' -r
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -l any-ip -d 'Accept it from every address'
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -l any-origin -d 'Accept it from every site and app'
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -l no-not-before -d 'Accepted at once'
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -l dry-run -d 'Say what would change, and change nothing'
complete -c apikey -n "__fish_apikey_using_subcommand restrict" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand edit" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand edit" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand edit" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand edit" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand edit" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand edit" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand edit" -l name -d 'Its new name, unique among its project\'s live keys' -r
complete -c apikey -n "__fish_apikey_using_subcommand edit" -l note -d 'Free text' -r
complete -c apikey -n "__fish_apikey_using_subcommand edit" -l tag -d 'A word more to find it by. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand edit" -l remove-tag -d 'A word less. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand edit" -l every -d 'Rotate it this often; `list --due` and `rotate --due` go by it' -r
complete -c apikey -n "__fish_apikey_using_subcommand edit" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand edit" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand edit" -l no-note -d 'No note'
complete -c apikey -n "__fish_apikey_using_subcommand edit" -l no-schedule -d 'No schedule'
complete -c apikey -n "__fish_apikey_using_subcommand edit" -l dry-run -d 'Say what would change, and change nothing'
complete -c apikey -n "__fish_apikey_using_subcommand edit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l grace -d 'How long the old secret is still accepted; 0 ends it now [default: 7d]' -r
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l every -d 'Rotate it this often from now on' -r
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l expires -d 'Change how long its secrets live: a span, a date, or `never`' -r
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l extend -d 'Lengthen the grace by this, never beyond the old secret\'s own end' -r
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l secret-dir -d 'With `--due`, which needs it unless it is a dry run: write each new secret to a new file in this folder, named by the ids of key and secret' -r -f -a "(__fish_complete_directories)"
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l request-id -d 'Make this repeatable: the same id gives the same secret again' -r
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l secret-out -d 'Write the secret to this new file, readable by you alone, and not to standard output' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l on-first-use -d 'Let the old secret keep its life until the new one is first accepted, and start the grace then'
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l force -d 'Rotate although a rotation is under way, which ends its oldest secret now'
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l no-keep -d 'Keep only the digest of the new secret'
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l status -d 'Show where the rotation stands'
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l finish -d 'End the grace now'
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l cancel -d 'Take the new secret back, if it was never accepted, and give the old one its earlier end'
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l due -d 'Rotate every key whose schedule asks for it; one that is being rotated already waits'
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -s q -l quiet -d 'Print only the secret'
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -s y -l yes -d 'Do not ask'
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -l dry-run -d 'Say what would change, and change nothing'
complete -c apikey -n "__fish_apikey_using_subcommand rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand revoke" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand revoke" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand revoke" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand revoke" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand revoke" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand revoke" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand revoke" -l owner -d 'All live keys of this owner' -r
complete -c apikey -n "__fish_apikey_using_subcommand revoke" -l project -d 'All live keys of this project' -r
complete -c apikey -n "__fish_apikey_using_subcommand revoke" -l unused -d 'All live keys that were not used for this long' -r
complete -c apikey -n "__fish_apikey_using_subcommand revoke" -l secret -d 'Only this secret of the key, by its public id' -r
complete -c apikey -n "__fish_apikey_using_subcommand revoke" -l reason -d 'Why, for the log; unless told, `unused` with `--unused`, of a secret nothing, else `other`' -r -f -a "leaked\t''
superseded\t''
offboarded\t''
unused\t''
other\t''"
complete -c apikey -n "__fish_apikey_using_subcommand revoke" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand revoke" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand revoke" -s y -l yes -d 'Do not ask'
complete -c apikey -n "__fish_apikey_using_subcommand revoke" -l dry-run -d 'Say what would be revoked, and revoke nothing'
complete -c apikey -n "__fish_apikey_using_subcommand revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand disable" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand disable" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand disable" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand disable" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand disable" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand disable" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand disable" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand disable" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand disable" -l dry-run -d 'Say what would change, and change nothing'
complete -c apikey -n "__fish_apikey_using_subcommand disable" -s h -l help -d 'Print help'
complete -c apikey -n "__fish_apikey_using_subcommand enable" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand enable" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand enable" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand enable" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand enable" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand enable" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand enable" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand enable" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand enable" -l dry-run -d 'Say what would change, and change nothing'
complete -c apikey -n "__fish_apikey_using_subcommand enable" -s h -l help -d 'Print help'
complete -c apikey -n "__fish_apikey_using_subcommand purge" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand purge" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand purge" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand purge" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand purge" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand purge" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand purge" -l older-than -d 'All that were revoked or expired at least this long ago' -r
complete -c apikey -n "__fish_apikey_using_subcommand purge" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand purge" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand purge" -s y -l yes -d 'Do not ask'
complete -c apikey -n "__fish_apikey_using_subcommand purge" -l dry-run -d 'Say what would be removed, and remove nothing'
complete -c apikey -n "__fish_apikey_using_subcommand purge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand verify" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand verify" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand verify" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand verify" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand verify" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand verify" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand verify" -l secret-file -d 'Read the secret from this file instead of standard input' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand verify" -l secret-fd -d 'Read the secret from this open file descriptor' -r
complete -c apikey -n "__fish_apikey_using_subcommand verify" -l scope -d 'What the request wants to do; the key must be allowed to. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand verify" -l ip -d 'Where the request comes from' -r
complete -c apikey -n "__fish_apikey_using_subcommand verify" -l origin -d 'The site or app that sends it, as `https://shop.example.com` or `app:ID`' -r
complete -c apikey -n "__fish_apikey_using_subcommand verify" -l env -d 'The environment the request is for' -r -f -a "live\t''
test\t''"
complete -c apikey -n "__fish_apikey_using_subcommand verify" -l cost -d 'How much of the limits the request takes; 0 only asks' -r
complete -c apikey -n "__fish_apikey_using_subcommand verify" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand verify" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand verify" -l no-consume -d 'Only ask: take nothing from the limits, record no use, start no grace'
complete -c apikey -n "__fish_apikey_using_subcommand verify" -l explain -d 'Show each check in order, with the values compared'
complete -c apikey -n "__fish_apikey_using_subcommand verify" -l batch -d 'Read many secrets, one a line, and answer in order as JSON lines; exit 0 only if all are accepted'
complete -c apikey -n "__fish_apikey_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand serve" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand serve" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand serve" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand serve" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand serve" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand serve" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand serve" -l listen -d 'Where to listen; may be given more than once' -r
complete -c apikey -n "__fish_apikey_using_subcommand serve" -l socket-mode -d 'Who may open the socket files of `--listen`, in octal [default: 0600]' -r
complete -c apikey -n "__fish_apikey_using_subcommand serve" -l config -d 'Trusted proxies, header fields, and what each route needs' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand serve" -l metrics -d 'Where Prometheus reads `/metrics`; nowhere without this' -r
complete -c apikey -n "__fish_apikey_using_subcommand serve" -l log -d 'How to log to standard error; never a secret' -r -f -a "text\t'`TIME LEVEL EVENT name=value …`'
json\t'An object a line'
off\t'Nothing'"
complete -c apikey -n "__fish_apikey_using_subcommand serve" -l log-requests -d 'Which requests have a line of their own in the log' -r -f -a "none\t'None'
denied\t'Those denied to a known key, 50 at once and 10 a second at most'
all\t'All, strangers\' too: as many lines as requests'"
complete -c apikey -n "__fish_apikey_using_subcommand serve" -l print-config -d 'Print a working configuration of this proxy, with the settings of `serve.toml` that go with it, and end' -r -f -a "nginx\t'`auth_request`'
traefik\t'`ForwardAuth`'
caddy\t'`forward_auth`'
envoy\t'`ext_authz` over HTTP'
haproxy\t'An action in Lua, which `haproxy-lua` prints'
haproxy-lua\t'The second file of HAProxy, `apikey.lua`'"
complete -c apikey -n "__fish_apikey_using_subcommand serve" -l proxy-listen -d 'In a printed configuration: where the proxy listens' -r
complete -c apikey -n "__fish_apikey_using_subcommand serve" -l upstream -d 'In a printed configuration: where the API listens' -r
complete -c apikey -n "__fish_apikey_using_subcommand serve" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand serve" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand serve" -l check -d 'Say whether the file of `--config` and the other options are right, and end; nothing is opened'
complete -c apikey -n "__fish_apikey_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l url -d 'The endpoint; needed unless one is remembered for the key' -r -f
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l in -d 'Where the secret goes: bearer, header[:NAME], query[:NAME], basic or body[:FIELD] [default: bearer]' -r
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -s X -l method -d 'GET, POST, … [default: GET, or POST with data]' -r
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -s d -l data -d 'The body: text, or a file as @FILE' -r
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -s H -l header -d 'A further header. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l expect -d 'Which statuses count as accepted, as 2xx or 200,204; every other one then counts as rejected [default: 2xx]' -r
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l timeout -d 'For the whole call, as 10s or 500ms [default: 10s]' -r
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l ca-file -d 'Trust only the authorities in this PEM file' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l secret-file -d 'Read the secret from this file instead of standard input' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l secret-fd -d 'Read the secret from this open file descriptor' -r
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l secret -d 'Present this secret of the key, by its public id' -r
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l jobs -d 'With `--all`: at most this many calls at a time [default: 4]' -r
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l allow-http -d 'Let the secret go over plain http to another machine, readable by everyone on the way'
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l system-ca -d 'Trust the authorities that the operating system trusts'
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l stdin-secret -d 'Present the secret from standard input; a key, if one is named, gives only its remembered target'
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l both -d 'While a rotation is under way: present the old secret and the new one'
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l all -d 'Call with every active key that has a remembered target'
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l save -d 'Remember this target for the key; later calls need no `--url`'
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l explain -d 'Also say what the registry decides on the same secret'
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l print-curl -d 'Print the call as a curl command, without the secret, and call nothing'
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -l dry-run -d 'Say what would be called and saved, and do neither'
complete -c apikey -n "__fish_apikey_using_subcommand test-call" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand test" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand test" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand test" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand test" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand test" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand test" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand test" -l url -d 'The endpoint; needed unless one is remembered for the key' -r -f
complete -c apikey -n "__fish_apikey_using_subcommand test" -l in -d 'Where the secret goes: bearer, header[:NAME], query[:NAME], basic or body[:FIELD] [default: bearer]' -r
complete -c apikey -n "__fish_apikey_using_subcommand test" -s X -l method -d 'GET, POST, … [default: GET, or POST with data]' -r
complete -c apikey -n "__fish_apikey_using_subcommand test" -s d -l data -d 'The body: text, or a file as @FILE' -r
complete -c apikey -n "__fish_apikey_using_subcommand test" -s H -l header -d 'A further header. May be repeated' -r
complete -c apikey -n "__fish_apikey_using_subcommand test" -l expect -d 'Which statuses count as accepted, as 2xx or 200,204; every other one then counts as rejected [default: 2xx]' -r
complete -c apikey -n "__fish_apikey_using_subcommand test" -l timeout -d 'For the whole call, as 10s or 500ms [default: 10s]' -r
complete -c apikey -n "__fish_apikey_using_subcommand test" -l ca-file -d 'Trust only the authorities in this PEM file' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand test" -l secret-file -d 'Read the secret from this file instead of standard input' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand test" -l secret-fd -d 'Read the secret from this open file descriptor' -r
complete -c apikey -n "__fish_apikey_using_subcommand test" -l secret -d 'Present this secret of the key, by its public id' -r
complete -c apikey -n "__fish_apikey_using_subcommand test" -l jobs -d 'With `--all`: at most this many calls at a time [default: 4]' -r
complete -c apikey -n "__fish_apikey_using_subcommand test" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand test" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand test" -l allow-http -d 'Let the secret go over plain http to another machine, readable by everyone on the way'
complete -c apikey -n "__fish_apikey_using_subcommand test" -l system-ca -d 'Trust the authorities that the operating system trusts'
complete -c apikey -n "__fish_apikey_using_subcommand test" -l stdin-secret -d 'Present the secret from standard input; a key, if one is named, gives only its remembered target'
complete -c apikey -n "__fish_apikey_using_subcommand test" -l both -d 'While a rotation is under way: present the old secret and the new one'
complete -c apikey -n "__fish_apikey_using_subcommand test" -l all -d 'Call with every active key that has a remembered target'
complete -c apikey -n "__fish_apikey_using_subcommand test" -l save -d 'Remember this target for the key; later calls need no `--url`'
complete -c apikey -n "__fish_apikey_using_subcommand test" -l explain -d 'Also say what the registry decides on the same secret'
complete -c apikey -n "__fish_apikey_using_subcommand test" -l print-curl -d 'Print the call as a curl command, without the secret, and call nothing'
complete -c apikey -n "__fish_apikey_using_subcommand test" -l dry-run -d 'Say what would be called and saved, and do neither'
complete -c apikey -n "__fish_apikey_using_subcommand test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand lookup" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand lookup" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand lookup" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand lookup" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand lookup" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand lookup" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand lookup" -l secret-file -d 'Read the secret from this file instead of standard input' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand lookup" -l secret-fd -d 'Read the secret from this open file descriptor' -r
complete -c apikey -n "__fish_apikey_using_subcommand lookup" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand lookup" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand lookup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand reveal" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand reveal" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand reveal" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand reveal" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand reveal" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand reveal" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand reveal" -l secret -d 'This secret of the key, by its public id [default: the newest]' -r
complete -c apikey -n "__fish_apikey_using_subcommand reveal" -l secret-out -d 'Write the secret to this new file, readable by you alone, and not to standard output' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand reveal" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand reveal" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand reveal" -s q -l quiet -d 'Print only the secret'
complete -c apikey -n "__fish_apikey_using_subcommand reveal" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand run" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand run" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand run" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand run" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand run" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand run" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand run" -l as -d 'The environment variable that holds the secret' -r
complete -c apikey -n "__fish_apikey_using_subcommand run" -l secret -d 'This secret of the key, by its public id [default: the newest]' -r
complete -c apikey -n "__fish_apikey_using_subcommand run" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand run" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand forget" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand forget" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand forget" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand forget" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand forget" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand forget" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand forget" -l secret -d 'Only this secret of the key, by its public id' -r
complete -c apikey -n "__fish_apikey_using_subcommand forget" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand forget" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand forget" -s y -l yes -d 'Do not ask'
complete -c apikey -n "__fish_apikey_using_subcommand forget" -l dry-run -d 'Say what would be erased, and erase nothing'
complete -c apikey -n "__fish_apikey_using_subcommand forget" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and not __fish_seen_subcommand_from list ls suspend resume" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand owner; and not __fish_seen_subcommand_from list ls suspend resume" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand owner; and not __fish_seen_subcommand_from list ls suspend resume" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand owner; and not __fish_seen_subcommand_from list ls suspend resume" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand owner; and not __fish_seen_subcommand_from list ls suspend resume" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand owner; and not __fish_seen_subcommand_from list ls suspend resume" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand owner; and not __fish_seen_subcommand_from list ls suspend resume" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and not __fish_seen_subcommand_from list ls suspend resume" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and not __fish_seen_subcommand_from list ls suspend resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and not __fish_seen_subcommand_from list ls suspend resume" -f -a "list" -d 'List owners, with how many keys each has'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and not __fish_seen_subcommand_from list ls suspend resume" -f -a "ls" -d 'List owners, with how many keys each has'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and not __fish_seen_subcommand_from list ls suspend resume" -f -a "suspend" -d 'Deny all keys of an owner until `resume`. Needs no vault'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and not __fish_seen_subcommand_from list ls suspend resume" -f -a "resume" -d 'Let the keys of an owner be accepted again'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from list" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from list" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from list" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from list" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from list" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from list" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from ls" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from ls" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from ls" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from ls" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from ls" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from ls" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from ls" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from ls" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from suspend" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from suspend" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from suspend" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from suspend" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from suspend" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from suspend" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from suspend" -s y -l yes -d 'Do not ask'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from suspend" -l dry-run -d 'Say what would change, and change nothing'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from suspend" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from suspend" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from suspend" -s h -l help -d 'Print help'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from resume" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from resume" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from resume" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from resume" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from resume" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from resume" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from resume" -l dry-run -d 'Say what would change, and change nothing'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from resume" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from resume" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand owner; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help'
complete -c apikey -n "__fish_apikey_using_subcommand project; and not __fish_seen_subcommand_from list ls suspend resume" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand project; and not __fish_seen_subcommand_from list ls suspend resume" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand project; and not __fish_seen_subcommand_from list ls suspend resume" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand project; and not __fish_seen_subcommand_from list ls suspend resume" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand project; and not __fish_seen_subcommand_from list ls suspend resume" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand project; and not __fish_seen_subcommand_from list ls suspend resume" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand project; and not __fish_seen_subcommand_from list ls suspend resume" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand project; and not __fish_seen_subcommand_from list ls suspend resume" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand project; and not __fish_seen_subcommand_from list ls suspend resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand project; and not __fish_seen_subcommand_from list ls suspend resume" -f -a "list" -d 'List projects, with how many keys each has'
complete -c apikey -n "__fish_apikey_using_subcommand project; and not __fish_seen_subcommand_from list ls suspend resume" -f -a "ls" -d 'List projects, with how many keys each has'
complete -c apikey -n "__fish_apikey_using_subcommand project; and not __fish_seen_subcommand_from list ls suspend resume" -f -a "suspend" -d 'Deny all keys of a project until `resume`. Needs no vault'
complete -c apikey -n "__fish_apikey_using_subcommand project; and not __fish_seen_subcommand_from list ls suspend resume" -f -a "resume" -d 'Let the keys of a project be accepted again'
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from list" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from list" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from list" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from list" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from list" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from list" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from list" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from ls" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from ls" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from ls" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from ls" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from ls" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from ls" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from ls" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from ls" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help'
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from suspend" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from suspend" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from suspend" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from suspend" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from suspend" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from suspend" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from suspend" -s y -l yes -d 'Do not ask'
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from suspend" -l dry-run -d 'Say what would change, and change nothing'
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from suspend" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from suspend" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from suspend" -s h -l help -d 'Print help'
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from resume" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from resume" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from resume" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from resume" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from resume" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from resume" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from resume" -l dry-run -d 'Say what would change, and change nothing'
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from resume" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from resume" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand project; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help'
complete -c apikey -n "__fish_apikey_using_subcommand usage" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand usage" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand usage" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand usage" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand usage" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand usage" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand usage" -l since -d 'Not before this: a span back from now, a date or an instant [default: 7d; 1d by hour]' -r
complete -c apikey -n "__fish_apikey_using_subcommand usage" -l until -d 'Before this: a span back from now, a date or an instant' -r
complete -c apikey -n "__fish_apikey_using_subcommand usage" -l by -d 'What to sum by' -r -f -a "day\t''
hour\t''
scope\t''
outcome\t''
owner\t''
project\t''
key\t''"
complete -c apikey -n "__fish_apikey_using_subcommand usage" -l near-limit -d 'Instead: limits of live keys, owners and projects that are used at least so far, as 80%' -r
complete -c apikey -n "__fish_apikey_using_subcommand usage" -l unused -d 'Instead: live keys that were not used for this long' -r
complete -c apikey -n "__fish_apikey_using_subcommand usage" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand usage" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand usage" -l fail-if-any -d 'Exit 7 if `--near-limit` or `--unused` lists anything'
complete -c apikey -n "__fish_apikey_using_subcommand usage" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand log" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand log" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand log" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand log" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand log" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand log" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand log" -l key -d 'On this key: id (of a purged one too), name, project/name, or a secret\'s public id' -r
complete -c apikey -n "__fish_apikey_using_subcommand log" -l action -d 'Of this sort' -r -f -a "registry_created\t''
key_created\t''
key_taken_back\t''
key_changed\t''
key_rotated\t''
rotation_taken_back\t''
rotation_finished\t''
rotation_extended\t''
rotation_cancelled\t''
grace_started\t''
key_revoked\t''
secret_revoked\t''
key_disabled\t''
key_enabled\t''
key_purged\t''
secret_revealed\t''
secret_used\t''
copy_forgotten\t''
owner_suspended\t''
owner_resumed\t''
project_suspended\t''
project_resumed\t''
owner_limited\t''
project_limited\t''
scope_defined\t''
scope_undefined\t''
target_saved\t''"
complete -c apikey -n "__fish_apikey_using_subcommand log" -l user -d 'By this user' -r
complete -c apikey -n "__fish_apikey_using_subcommand log" -l since -d 'Not before this: a span back from now, a date or an instant' -r
complete -c apikey -n "__fish_apikey_using_subcommand log" -l until -d 'Before this: a span back from now, a date or an instant' -r
complete -c apikey -n "__fish_apikey_using_subcommand log" -l last -d 'Only the newest N' -r
complete -c apikey -n "__fish_apikey_using_subcommand log" -l expect-head -d 'With `--check`: what an earlier `--head` printed must still be there' -r
complete -c apikey -n "__fish_apikey_using_subcommand log" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand log" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand log" -l check -d 'Follow the chain from the first event to the last; exit 7 if it is broken'
complete -c apikey -n "__fish_apikey_using_subcommand log" -l head -d 'Print the number and hash of the newest event, to be kept elsewhere'
complete -c apikey -n "__fish_apikey_using_subcommand log" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand doctor" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand doctor" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand doctor" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand doctor" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand doctor" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand doctor" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand doctor" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand doctor" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand doctor" -l problems -d 'Show only what is not well'
complete -c apikey -n "__fish_apikey_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand completions" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand completions" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand completions" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand completions" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand completions" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand completions" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand completions" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand completions" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand completions" -l dynamic -d 'Complete names from the registry too'
complete -c apikey -n "__fish_apikey_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand demo" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand demo" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand demo" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand demo" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand demo" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand demo" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand demo" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand demo" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c apikey -n "__fish_apikey_using_subcommand help" -l registry -d 'The registry file [env: APIKEY_REGISTRY]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand help" -l profile -d 'Use the registry and settings of this profile [env: APIKEY_PROFILE]' -r
complete -c apikey -n "__fish_apikey_using_subcommand help" -l vault -d 'Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]' -r -f -a "keyring\t''
file\t''
keyfile\t''"
complete -c apikey -n "__fish_apikey_using_subcommand help" -l master-key-file -d 'The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand help" -l passphrase-file -d 'Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]' -r -F
complete -c apikey -n "__fish_apikey_using_subcommand help" -l format -d 'Answer as table, tsv, json or jsonl' -r -f -a "table\t''
tsv\t''
json\t''
jsonl\t''"
complete -c apikey -n "__fish_apikey_using_subcommand help" -l json -d 'Answer in JSON; errors too'
complete -c apikey -n "__fish_apikey_using_subcommand help" -l no-input -d 'Never ask; fail instead, naming the flag that answers'
complete -c apikey -n "__fish_apikey_using_subcommand help" -s h -l help -d 'Print help'
