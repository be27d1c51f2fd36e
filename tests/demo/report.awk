# report.awk: what the access log demo should find, for `check`. Written without a look at how the demo does it.
{ lines++; sub(/\r$/, "") }

!/^[^ ]+ [^ ]+ [^ ]+ \[[0-9][0-9]\/[A-Z][a-z][a-z]\/[0-9][0-9][0-9][0-9]:([01][0-9]|2[0-3]):[0-9][0-9]:[0-9][0-9] [+-][0-9][0-9][0-9][0-9]\] "[A-Z]+ ([^ "\\]|\\.)+ HTTP\/[0-9]\.[0-9]" [1-5][0-9][0-9] ([0-9]+|-) "([^"\\]|\\.)*" "([^"\\]|\\.)*"$/ {
  wrong++
  next
}

{
  path = $7
  sub(/\?.*/, "", path)
  bytes = $10 == "-" ? 0 : $10 + 0
  note("total", bytes)
  note(path, bytes)
  note($9, bytes)
  note(substr($4, 14, 2), bytes)
}

function note(group, bytes) {
  sizes[group, ++count[group]] = bytes
  sum[group] += bytes
}

# The smallest of n sorted values that p percent of them do not exceed.
function percentile(n, p,   rank) {
  rank = int((n * p + 99) / 100)
  return sorted[rank]
}

END {
  if (totals) {
    printf "\"lines\":%d,\"wrong\":%d\n", lines, wrong
    exit
  }
  for (group in count) {
    n = count[group]
    delete sorted
    for (i = 1; i <= n; i++) sorted[i] = sizes[group, i]
    asort(sorted)
    name = group
    gsub(/["\\]/, "\\\\&", name)
    printf "\"name\":\"%s\",\"requests\":%d,\"bytes\":%d,\"p50\":%d,\"p90\":%d,\"p99\":%d\n", name, n, sum[group],
      percentile(n, 50), percentile(n, 90), percentile(n, 99)
  }
}
