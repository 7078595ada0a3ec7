-- For wrk: so many requests in one piece, as many as the first argument says.
init = function(args)
  local requests = {}
  for i = 1, tonumber(args[1]) do requests[i] = wrk.format() end
  piece = table.concat(requests)
end

request = function() return piece end
