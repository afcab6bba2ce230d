#!/bin/bash
# Connects NAME PORT (tcp|tls) CA COUNT times with curl and prints the milliseconds of each; "-" after 3 s.
read -r name port kind ca count <<<"$*"
scheme=http field=time_connect
[[ $kind == tls ]] && scheme=https field=time_appconnect
for ((n = 0; n < count; ++n)); do
  # The SIP server does not answer HTTP: what counts is over before the request is sent.
  seconds=$(curl -q --silent --noproxy '*' --http1.1 --cacert "$ca" --connect-timeout 3 --max-time 3 \
    --output /dev/null --write-out "%{$field}" "$scheme://$name:$port/")
  awk -v s="$seconds" 'BEGIN { if (s > 0) printf "%.2f\n", s * 1000; else print "-" }'
done
