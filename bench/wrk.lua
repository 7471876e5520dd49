-- The load by wrk: the requests of a file in turn, and how often each status was answered. See bench/wrk.py.

local place = string.rep("@", 12)
local requests, turn, number = {}, 0, 0
answered = {} -- by status; global, so that `done` can ask the thread for it
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  number = tonumber(arguments[2])
  while true do
    local length = file:read("*n")
    if not length then break end
    file:read(1)
    table.insert(requests, file:read(length))
  end
  file:close()
end

function request()
  turn = turn % #requests + 1
  number = number + 1
  return (requests[turn]:gsub(place, string.format("%012x", number)))
end

function response(status)
  answered[status] = (answered[status] or 0) + 1
end

function done(summary, latency)
  local counts = {}
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("answered")) do
      table.insert(counts, string.format('"%d": %d', status, count))
    end
  end
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format(
    '\nMEASURED {"count": %d, "seconds": %.6f, "p50": %.3f, "p99": %.3f, "cpu": %.6f, "failed": %d, "answered": {%s}}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    os.clock(), failed, table.concat(counts, ", ")))
end
