#!/bin/sh
# curl.sh TOKEN_URL CLIENT_ID CLIENT_SECRET: the token answer.
# example
set -eu
# By stdin, so that the secret is in no list of processes.
printf 'user = "%s:%s"\n' "$2" "$3" |
    curl -q --silent --show-error --fail-with-body --noproxy '*' --max-time 5 --config - \
        --data grant_type=client_credentials "$1"
# curl --oauth2-bearer "$token" https://api.example.com/v1/books
# end
