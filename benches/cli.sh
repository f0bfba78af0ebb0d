#!/usr/bin/env bash
# The command line beside sqlite3, in one run: needs hyperfine, jq, sqlite3 and a release build. Usage: benches/cli.sh
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --locked --quiet
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# As `cargo install` does it: a program that was copied lies in larger pieces of memory than one that was just linked, and
# starts faster.
cp target/release/apikey "$work/apikey-installed"
apikey=$work/apikey-installed
printf 'fn main() { println!("bare"); }\n' >"$work/bare.rs"
rustc -O -o "$work/bare-linked" "$work/bare.rs"
cp "$work/bare-linked" "$work/bare"
export HOME=$work XDG_DATA_HOME=$work APIKEY_VAULT=keyfile
unset APIKEY_REGISTRY APIKEY_PROFILE APIKEY_CONFIG || true
db=$work/apikey/registry.db

fill() { # fill COUNT
    rm -rf "$work/apikey"
    "$apikey" create worker --count "$1" --scope orders:read --json >/dev/null 2>&1
}

rows='SELECT k.id, k.name, k.kind, k.env, k.owner, k.project, k.scopes, k.allow_ips, k.allow_origins, k.lifetime_seconds,
  k.created_at, k.not_before, k.tags, k.note, k.rotate_every_seconds, k.disabled_at, k.revoked_at, k.revoke_reason,
  s.id AS secret_id, s.created_at AS secret_created_at, s.expires_at, s.retires_at, s.last_used_at, s.kept_algorithm
  FROM key AS k LEFT JOIN secret AS s ON s.key_place = k.place ORDER BY k.place DESC, s.number'

fill 10000
echo '== 10,000 keys: the whole list as JSON'
hyperfine -N --warmup 3 --export-json "$work/a.json" --output null \
    -n sqlite3 "sqlite3 -json $db \"$rows\"" -n apikey "$apikey list --json" 2>/dev/null

echo '== 100,000 keys'
begun=$(date +%s.%N)
fill 100000
echo "created in $(echo "$(date +%s.%N) - $begun" | bc) s"
"$apikey" create probe --scope orders:read --quiet 2>/dev/null >"$work/secret"
hyperfine -N --warmup 1 --output null \
    -n sqlite3 "sqlite3 -json $db \"$rows\"" -n apikey "$apikey list --json" 2>/dev/null
/usr/bin/time -f 'list --json: %M KB at most' "$apikey" list --json >/dev/null || true

echo '== cold start, one answer among 100,000'
hyperfine -N --warmup 5 --runs 200 --output null \
    -n 'bare Rust' "$work/bare" -n 'apikey --version' "$apikey --version" \
    -n 'sqlite3 one row' "sqlite3 $db \"SELECT * FROM key WHERE name = 'worker-050000'\"" \
    -n 'apikey show' "$apikey show worker-050000" -n 'apikey list, newest 50' "$apikey list --limit 50" \
    -n 'apikey verify' "$apikey verify --no-consume --secret-file $work/secret" 2>/dev/null

echo '== one durable write, in turns: medians'
sqlite3 "$work/plain.db" 'PRAGMA journal_mode = WAL; CREATE TABLE t (a TEXT)' >/dev/null
"$apikey" create one --quiet >/dev/null
# What it writes without its event, by the same indexes: in a copy, since the rows are sealed by nobody.
sqlite3 "$db" ".backup $work/copy.db"
columns() { # columns TABLE OWN: those that are not its own
    sqlite3 "$work/copy.db" "SELECT group_concat(name) FROM pragma_table_info('$1') WHERE name NOT IN ($2)"
}
key=$(columns key "'place', 'id', 'name', 'skeleton'") secret=$(columns secret "'key_place', 'number', 'id'")
cat >"$work/insert.sql" <<SQL
PRAGMA synchronous = FULL;
BEGIN IMMEDIATE;
INSERT INTO key (id, name, skeleton, $key)
    SELECT 'key_' || hex(randomblob(6)), hex(randomblob(6)), hex(randomblob(6)), $key FROM key WHERE place = 1;
INSERT INTO secret (key_place, number, id, $secret)
    SELECT (SELECT max(place) FROM key), 1, hex(randomblob(6)), $secret FROM secret WHERE key_place = 1;
COMMIT;
SQL
turn() { # turn NAME COMMAND [PREPARE]: five times, after once to warm up
    hyperfine -N --warmup 1 --runs 5 --output null --export-json "$work/turn.json" ${3:+--prepare "$3"} "$2" >/dev/null 2>&1
    jq -r '.results[0].times[] * 1000' "$work/turn.json" >>"$work/turns-$1"
}
median() { sort -g "$1" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
for _ in $(seq 25); do
    turn sqlite3 "sqlite3 $work/plain.db \"PRAGMA synchronous = FULL; INSERT INTO t VALUES ('x')\""
    # The key before it is revoked, which is not measured: its name is free again.
    turn apikey "$apikey create one --quiet" "$apikey revoke one --yes"
    turn rows "sqlite3 $work/copy.db '.read $work/insert.sql'"
done
read -r sqlite3 apikey rows <<<"$(for name in sqlite3 apikey rows; do median "$work/turns-$name"; done | xargs)"
printf 'sqlite3 inserting one cell %.2f ms, apikey create %.2f ms: %.2f times; beside sqlite3 inserting the same rows, %.2f ms: %.2f times\n' \
    "$sqlite3" "$apikey" "$(bc -l <<<"$apikey / $sqlite3")" "$rows" "$(bc -l <<<"$apikey / $rows")"
