-- Asks what benchmarks/load/plans.py describes; the arguments are made by benchmarks/load/wrk.py:
--   repeat METHOD TARGET BODY [HEADER ...]
--   names PREFIX SIZE
--   ranges TARGET FILE_SIZE LENGTH SEED
-- Prints one line "OUTCOME {json}". There is no response(): with one, wrk gathers every header and body, and becomes
-- the bottleneck. What the answers were is judged from wrk's own count of errors and from their bytes.

local plans = {}

plans["repeat"] = function(method, target, body, ...)
  local headers = {}
  for _, header in ipairs({...}) do
    local name, value = header:match("^([^:]+): (.*)$")
    headers[name] = value
  end
  local bytes = wrk.format(method, target, headers, #body > 0 and body or nil)
  return function() return bytes end
end

plans["names"] = function(prefix, size)
  local filler, number = string.rep("x", tonumber(size) - 16), 0
  return function()
    number = number + 1
    return wrk.format("PUT", prefix .. number, nil, string.format("%016d", number) .. filler)
  end
end

plans["ranges"] = function(target, file_size, length, seed)
  local last = tonumber(file_size) - tonumber(length) - 1
  math.randomseed(tonumber(seed))
  return function()
    local first = math.random(0, last)
    local range = string.format("bytes=%d-%d", first, first + tonumber(length) - 1)
    return wrk.format("GET", target, { ["Range"] = range })
  end
end

function init(arguments)
  request = plans[arguments[1]](unpack(arguments, 2))
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'OUTCOME {"requests":%d,"seconds":%.6f,"bytes":%d,"p50_us":%d,"p99_us":%d,"wrong":%d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50), latency:percentile(99),
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
