#!/bin/sh
# httpie.sh HTTP TOKEN_URL CLIENT_ID CLIENT_SECRET [FIELD=VALUE…]: the token answer.
# example
set -eu
http=$1 url=$2 login=$3:$4
shift 4
"$http" --ignore-stdin --body --check-status --form --auth "$login" \
    "$url" grant_type=client_credentials "$@"
# http --auth-type bearer --auth "$token" https://api.example.com/v1/books
# end
