#!/usr/bin/env bash
# `apikey serve` beside a bare axum server, nginx and haproxy, in one run: needs wrk, nginx, haproxy, sqlite3, two
# processors, and a registry that `cargo bench --bench verifier -- KEYS` made. Usage: benches/serve.sh [KEYS [SECONDS
# [ROUNDS]]]: so long each round, medians of so many.
# One processor serves, the other asks. Compare the processor time of a request: wrk itself is the limit of the rest.
set -euo pipefail
cd "$(dirname "$0")/.."
keys=${1:-10000} seconds=${2:-3} rounds=${3:-11}
for tool in wrk nginx haproxy sqlite3 taskset; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install wrk nginx-light haproxy sqlite3"; exit 1; }
done
cargo build --release --locked --quiet
cargo bench --locked --quiet --bench bare --no-run 2>/dev/null
bare=$(find target/release/deps -name 'bare-*' -executable -type f -printf '%T@ %p\n' | sort -rn | head -n 1 | cut -d' ' -f2)
folder=target/bench/$keys
[ -f "$folder/secrets" ] || { echo "no registry yet: cargo bench --bench verifier -- $keys"; exit 1; }
work=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT
# As they are installed: what was copied lies in larger pieces of memory than what was just linked, as nginx does.
cp "$bare" "$work/bare"
cp target/release/apikey "$work/apikey"
export APIKEY_REGISTRY=$PWD/$folder/registry.db APIKEY_MASTER_KEY_FILE=$PWD/$folder/apikey.key

cat >"$work/ask.lua" <<LUA
-- One string: a million of them keep the collector of whoever asks so busy that its pauses are measured.
local file = io.open("$folder/secrets")
local secrets = file:read("*a")
file:close()
local size = secrets:find("\\n", 1, true)
math.randomseed(7)
request = function()
    local first = math.random(0, #secrets / size - 1) * size
    local secret = secrets:sub(first + 1, first + size - 1)
    return "GET " .. (os.getenv("ASK") or "/verify/orders") ..
        " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " .. secret .. "\r\n\r\n"
end
local pause = tonumber(os.getenv("PAUSE"))
if pause then
    delay = function() return pause end
end
done = function(summary, latency)
    local errors = summary.errors
    io.write(string.format("%d %d %d %.3f %.3f\n", summary.requests, summary.duration,
        errors.status + errors.connect + errors.read + errors.write + errors.timeout,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
LUA

ticks() { # ticks PID...: processor time in microseconds, of the processes and those they started
    local all=0 pid
    for pid in "$@" $(pgrep -P "$(echo "$@" | tr ' ' ',')" || true); do
        all=$((all + $(awk '{print $14 + $15}' "/proc/$pid/stat")))
    done
    echo $((all * 1000000 / $(getconf CLK_TCK)))
}

start() { # start PORT COMMAND...: on the first processor, or on $processor, until its port answers
    local port=$1
    shift
    taskset -c "${processor:-0}" "$@" >"$work/log" 2>&1 &
    servers+=($!)
    server=$!
    for _ in $(seq 2000); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
        sleep 0.01
    done
    cat "$work/log"
    exit 1
}

load() { # load PORT [PROCESSOR [CONNECTIONS]]: what `done` says of one round
    taskset -c "${2:-1}" wrk -t1 -c"${3:-64}" -d"${seconds}s" -s "$work/ask.lua" "http://127.0.0.1:$1" | tail -n 1
}

round() { # round PORT PID: a line of "us-of-processor requests/s p50 p99 not-2xx"
    local before after asked
    before=$(ticks "$2")
    asked=$(load "$1")
    after=$(ticks "$2")
    read -r requests duration errors median p99 <<<"$asked"
    echo "$(echo "scale=3; ($after - $before) / $requests" | bc) $((requests * 1000000 / duration)) $median $p99 $errors"
}

middle() { sort -g | sed -n "$(((rounds + 1) / 2))p"; }

report() { # report NAME FILE FIRST: the median of each column; beside the first the median of what each turn says, since
    # the machine is as fast for both then
    local cpu speed median p99 errors ratio ratio99
    cpu=$(cut -d' ' -f1 "$2" | middle) speed=$(cut -d' ' -f2 "$2" | middle)
    median=$(cut -d' ' -f3 "$2" | middle) p99=$(cut -d' ' -f4 "$2" | middle)
    errors=$(awk '{ all += $5 } END { print all }' "$2")
    ratio=$(paste -d' ' "$2" "$3" | awk '{ print $1 / $6 }' | middle)
    ratio99=$(paste -d' ' "$2" "$3" | awk '{ print $4 / $9 }' | middle)
    printf '%-30s %8s/s  %6.2f us  %5.2f x  p50 %6.2f ms  p99 %6.2f ms  %5.2f x  %s not 2xx\n' "$1" "$speed" "$cpu" \
        "$ratio" "$median" "$p99" "$ratio99" "$errors"
}

compare() { # compare NAME PORT PID [NAME PORT PID]...: rounds take turns, since the machine is not always as fast
    local turn first all=("$@")
    for turn in $(seq "$rounds"); do
        set -- "${all[@]}"
        while [ $# -gt 0 ]; do
            # While the others had their turn its memory left the caches. Else the slowest hundredth of a round is what
            # waits for that.
            seconds=1 load "$2" >/dev/null
            round "$2" "$3" >>"$work/$2.rounds"
            shift 3
        done
    done
    set -- "${all[@]}"
    first=$work/$2.rounds
    while [ $# -gt 0 ]; do
        report "$1" "$work/$2.rounds" "$first"
        shift 3
    done
    rm "$work"/*.rounds
}

size=1; while [ $size -lt $((keys * 2)) ]; do size=$((size * 2)); done
sed 's/.*/"Bearer &" 1;/' "$folder/secrets" >"$work/map"
cat >"$work/nginx.conf" <<NGINX
daemon off; master_process off; pid $work/nginx.pid; error_log /dev/null;
events { worker_connections 1024; }
http {
    access_log off; keepalive_requests 100000000;
    client_body_temp_path $work/a; proxy_temp_path $work/b; fastcgi_temp_path $work/c; uwsgi_temp_path $work/d; scgi_temp_path $work/e;
    map_hash_max_size $size; map_hash_bucket_size 256;
    map \$http_authorization \$known { default 0; include $work/map; }
    limit_req_zone \$http_authorization zone=all:256m rate=1000000r/s;
    server {
        listen 127.0.0.1:8803;
        location / { limit_req zone=all burst=1000000 nodelay; if (\$known = 0) { return 401; } empty_gif; }
    }
}
NGINX
mkdir -p "$work/www" && echo ok >"$work/www/ok"
start 8803 nginx -c "$work/nginx.conf" -p "$work"
nginx=$server
sed 's/.*/Bearer&/' "$folder/secrets" >"$work/haproxy.list"
cat >"$work/haproxy.cfg" <<HAPROXY
global
    nbthread 1
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 5s
frontend all
    bind 127.0.0.1:8804
    stick-table type string len 100 size 2m store http_req_rate(1s)
    http-request set-var(txn.key) req.hdr(authorization),regsub(' ','')
    http-request deny deny_status 401 if !{ var(txn.key) -m str -f $work/haproxy.list }
    http-request track-sc0 var(txn.key)
    http-request deny deny_status 429 if { sc_http_req_rate(0) gt 1000000 }
    http-request return status 200 content-type text/plain string ok
HAPROXY
start 8804 haproxy -f "$work/haproxy.cfg"
haproxy=$server
start 8801 "$work/bare" 127.0.0.1:8801
bare_server=$server
echo 'scopes = ["orders:read"]' >"$work/serve.toml"
for _ in 1 2 3; do
    began=$(date +%s%N)
    processor=0,1 start 8802 "$work/apikey" serve --config "$work/serve.toml" --listen 127.0.0.1:8802
    echo "from its start until apikey listens: $(echo "scale=2; ($(date +%s%N) - $began) / 1000000000" | bc) s"
    kill "$server"
    wait "$server" || true
done
start 8802 "$work/apikey" serve --config "$work/serve.toml" --listen 127.0.0.1:8802
gate=$server
echo "== $keys keys, 64 connections, one processor, medians of $rounds rounds of $seconds s"
four=('bare axum' 8801 "$bare_server" 'apikey serve' 8802 "$gate" 'nginx: map and limit_req' 8803 "$nginx"
    'haproxy: list and stick-table' 8804 "$haproxy")
compare "${four[@]}"
echo "apikey serve resident: $(awk '/VmRSS/ {print int($2 / 1024)}' "/proc/$gate/status") MB"
echo '== the same, each connection resting for 1 ms between two requests: nobody is asked more than it can answer'
PAUSE=1 compare "${four[@]}"
kill "$nginx" "$haproxy"

echo '== behind nginx: auth_request'
behind() { # behind PORT PORT-OF-WHO-ANSWERS PATH
    cat >"$work/front-$1.conf" <<NGINX
daemon off; master_process off; pid $work/nginx-$1.pid; error_log /dev/null;
events { worker_connections 1024; }
http {
    access_log off; keepalive_requests 100000000;
    client_body_temp_path $work/a; proxy_temp_path $work/b; fastcgi_temp_path $work/c; uwsgi_temp_path $work/d; scgi_temp_path $work/e;
    upstream verifier { server 127.0.0.1:$2; keepalive 64; keepalive_requests 100000000; }
    server {
        listen 127.0.0.1:$1;
        location / { auth_request /_ask; root $work/www; try_files /ok =404; }
        location = /_ask {
            internal; proxy_pass http://verifier$3; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_pass_request_body off; proxy_set_header Content-Length "";
        }
    }
}
NGINX
    start "$1" nginx -c "$work/front-$1.conf" -p "$work"
}
behind 8805 8801 /empty
empty=$server
behind 8806 8802 /verify/orders
asked=$server
compare 'nginx and an empty answer' 8805 "$empty" 'nginx and apikey serve' 8806 "$asked"
kill "$empty" "$asked" "$bare_server"

echo '== two servers on one registry, each on a processor of its own, which it shares with who asks it'
processor=1 start 8807 "$work/apikey" serve --config "$work/serve.toml" --listen 127.0.0.1:8807
second=$server
together() { # together "PID..." PORT...: a line of "us-of-processor requests/s", of the servers together
    local before after requests port processor=0 asking=()
    before=$(ticks $1)
    for port in "${@:2}"; do
        load "$port" "$processor" 32 >"$work/asked-$processor" &
        asking+=($!)
        processor=$((processor + 1))
    done
    wait "${asking[@]}"
    after=$(ticks $1)
    requests=$(cut -d' ' -f1 "$work"/asked-? | paste -sd+ | bc)
    rm "$work"/asked-?
    echo "$(echo "scale=3; ($after - $before) / $requests" | bc) $((requests / seconds))"
}
for _ in $(seq "$rounds"); do
    together "$gate" 8802 >>"$work/alone"
    together "$gate $second" 8802 8807 >>"$work/both"
done
for who in alone both; do
    printf '%-6s %8s/s  %6.2f us\n' "$who" "$(cut -d' ' -f2 "$work/$who" | middle)" "$(cut -d' ' -f1 "$work/$who" | middle)"
done
kill "$second"

echo '== changes under full load'
seconds=8
load 8802 >"$work/load" &
asking=$!
sleep 1
seen=0
for turn in $(seq 10); do
    name=bench-$RANDOM-$turn
    target/release/apikey create "$name" --scope orders:read --quiet >"$work/secret"
    ask() { curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $(cat "$work/secret")" http://127.0.0.1:8802/verify/orders; }
    first=$(ask)
    target/release/apikey revoke "$name" --yes >/dev/null
    second=$(ask)
    [ "$first $second" = '200 401' ] && seen=$((seen + 1)) || echo "turn $turn: $first $second"
done
wait "$asking"
echo "issued, accepted, revoked and refused by the very next request: $seen of 10; meanwhile $(cat "$work/load")"
# Longer than use of rates is written down ahead.
seconds=20
load 8802 >"$work/load" &
asking=$!
sleep 1
printf '.timeout 5000\nBEGIN IMMEDIATE;\n.shell sleep %s\nROLLBACK;\n' "$((seconds - 2))" | sqlite3 "$APIKEY_REGISTRY"
wait "$asking"
echo "while another process holds the write lock (requests, us, not 2xx, p50 ms, p99 ms): $(cat "$work/load")"
kill "$gate"
