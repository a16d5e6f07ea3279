#!/bin/sh
# wget.sh TOKEN_URL CLIENT_ID CLIENT_SECRET [FORM]: the token answer, also of a refusal.
# example
set -eu
url=$1 form=${4:-grant_type=client_credentials}
# A file of our own, so that the secret is in no list of processes.
umask 077
settings=$(mktemp)
trap 'rm -f "$settings"' EXIT
printf 'user = %s\npassword = %s\n' "$2" "$3" >"$settings"
wget --config "$settings" --auth-no-challenge --no-verbose --no-proxy --timeout 5 --tries 1 \
    --content-on-error --post-data "$form" --output-document - "$url"
# end
