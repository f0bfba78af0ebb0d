-- Asks apikey whether a request may pass: for haproxy.cfg, which `apikey serve --print-config haproxy` prints.

local ask = "http://@ASK@/verify"
-- What may hold a secret (`key_headers` of serve.toml), and what a key may be bound to.
local sent = { "authorization", "x-api-key", "origin" }
-- Who asks; apikey says all of it, and none of it is ever empty.
local told = {
    "x-apikey-id", "x-apikey-secret-id", "x-apikey-name", "x-apikey-owner", "x-apikey-project", "x-apikey-env",
    "x-apikey-kind", "x-apikey-scopes", "x-apikey-expires",
}
-- What a client is told of a denial.
local passed_on = {
    "content-type", "cache-control", "www-authenticate", "retry-after", "ratelimit", "ratelimit-policy",
}

local function first(fields, name)
    return fields[name] and fields[name][0]
end

local function question(txn)
    local fields = txn.http:req_get_headers()
    local headers = {
        ["x-forwarded-for"] = { txn.f:src() },
        ["x-forwarded-method"] = { txn.f:method() },
        ["x-forwarded-uri"] = { txn.f:pathq() },
    }
    for _, name in ipairs(sent) do
        headers[name] = fields[name]
    end
    return { url = ask, headers = headers, timeout = 2000 }
end

local function accept(txn, fields)
    for _, name in ipairs(told) do
        txn.http:req_set_header(name, first(fields, name))
    end
    -- A request that is too large for them does not pass without them.
    local now = txn.http:req_get_headers()
    for _, name in ipairs(told) do
        if first(now, name) ~= first(fields, name) then
            return
        end
    end
    for name, variable in pairs({ ratelimit = "txn.apikey_ratelimit", ["ratelimit-policy"] = "txn.apikey_policy" }) do
        if fields[name] then
            txn:set_var(variable, first(fields, name))
        end
    end
    txn:set_var("txn.apikey", "accepted")
end

local function deny(txn, answer)
    local reply = txn:reply({ status = answer.status, body = answer.body })
    for _, name in ipairs(passed_on) do
        if answer.headers[name] then
            reply:add_header(name, first(answer.headers, name))
        end
    end
    txn:done(reply)
end

core.register_action("apikey", { "http-req" }, function(txn)
    local answer = core.httpclient():get(question(txn))
    if answer.status == 200 then
        accept(txn, answer.headers)
    elseif answer.status >= 400 and answer.status < 500 then
        deny(txn, answer)
    end
    -- Neither: nobody decided, and haproxy.cfg lets nothing pass.
end)
