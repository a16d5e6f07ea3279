//! Scripts. Each header in the client's own order and case.

use super::{Body, Head};

pub(super) const REQUESTS: &[(&str, Head, Body)] = &[
    (
        "Python requests, data=",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: python-requests/2.32.3\n\
         Accept-Encoding: gzip, deflate\n\
         Accept: */*\n\
         Connection: keep-alive\n\
         Content-Length: $LENGTH\n\
         Content-Type: application/x-www-form-urlencoded",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET",
    ),
    (
        "Python requests, json=",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: python-requests/2.32.3\n\
         Accept-Encoding: gzip, deflate, br, zstd\n\
         Accept: */*\n\
         Connection: keep-alive\n\
         Content-Length: $LENGTH\n\
         Content-Type: application/json",
        r#"{"client_id": "$ID", "client_secret": "$SECRET", "audience": "$AUDIENCE", "grant_type": "client_credentials"}"#,
    ),
    (
        "Python requests, auth= and data=",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: python-requests/2.32.3\n\
         Accept-Encoding: gzip, deflate\n\
         Accept: */*\n\
         Connection: keep-alive\n\
         Content-Length: $LENGTH\n\
         Content-Type: application/x-www-form-urlencoded\n\
         Authorization: Basic $BASIC",
        "grant_type=client_credentials",
    ),
    (
        "Python requests, auth= and no data",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: python-requests/2.32.3\n\
         Accept-Encoding: gzip, deflate\n\
         Accept: */*\n\
         Connection: keep-alive\n\
         Content-Length: 0\n\
         Authorization: Basic $BASIC",
        "",
    ),
    (
        "Python httpx",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         Accept: */*\n\
         Accept-Encoding: gzip, deflate\n\
         Connection: keep-alive\n\
         User-Agent: python-httpx/0.28.1\n\
         Content-Length: $LENGTH\n\
         Content-Type: application/x-www-form-urlencoded",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET&audience=$ENCODED",
    ),
    (
        "Python aiohttp",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         Accept: */*\n\
         Accept-Encoding: gzip, deflate\n\
         User-Agent: Python/3.12 aiohttp/3.11.11\n\
         Content-Length: $LENGTH\n\
         Content-Type: application/x-www-form-urlencoded",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET",
    ),
    (
        "Python http.client",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         Accept-Encoding: identity\n\
         Content-Length: $LENGTH\n\
         content-type: application/json",
        r#"{"client_id":"$ID","client_secret":"$SECRET","audience":"$AUDIENCE","grant_type":"client_credentials"}"#,
    ),
    (
        "Python urllib",
        "POST /oauth/token HTTP/1.1\n\
         Accept-Encoding: identity\n\
         Content-Type: application/x-www-form-urlencoded\n\
         Content-Length: $LENGTH\n\
         Host: $HOST\n\
         User-Agent: Python-urllib/3.12\n\
         Connection: close",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET",
    ),
    (
        "Node fetch, JSON",
        "POST /oauth/token HTTP/1.1\n\
         host: $HOST\n\
         connection: keep-alive\n\
         content-type: application/json\n\
         accept: */*\n\
         accept-language: *\n\
         sec-fetch-mode: cors\n\
         user-agent: node\n\
         accept-encoding: gzip, deflate\n\
         content-length: $LENGTH",
        r#"{"client_id":"$ID","client_secret":"$SECRET","audience":"$AUDIENCE","grant_type":"client_credentials"}"#,
    ),
    (
        "Node fetch, URLSearchParams",
        "POST /oauth/token HTTP/1.1\n\
         host: $HOST\n\
         connection: keep-alive\n\
         content-type: application/x-www-form-urlencoded;charset=UTF-8\n\
         accept: */*\n\
         accept-language: *\n\
         sec-fetch-mode: cors\n\
         user-agent: node\n\
         accept-encoding: gzip, deflate\n\
         content-length: $LENGTH",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET",
    ),
    (
        "Node axios, JSON",
        "POST /oauth/token HTTP/1.1\n\
         Accept: application/json, text/plain, */*\n\
         Content-Type: application/json\n\
         User-Agent: axios/1.7.9\n\
         Content-Length: $LENGTH\n\
         Accept-Encoding: gzip, compress, deflate, br\n\
         Host: $HOST\n\
         Connection: keep-alive",
        r#"{"grant_type":"client_credentials","client_id":"$ID","client_secret":"$SECRET"}"#,
    ),
    (
        "Node axios, URLSearchParams",
        "POST /oauth/token HTTP/1.1\n\
         Accept: application/json, text/plain, */*\n\
         Content-Type: application/x-www-form-urlencoded;charset=utf-8\n\
         User-Agent: axios/1.7.9\n\
         Content-Length: $LENGTH\n\
         Accept-Encoding: gzip, compress, deflate, br\n\
         Host: $HOST\n\
         Connection: keep-alive",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET&audience=$ENCODED",
    ),
    (
        "Node axios, auth and an empty object",
        "POST /oauth/token HTTP/1.1\n\
         Accept: application/json, text/plain, */*\n\
         Content-Type: application/json\n\
         User-Agent: axios/0.27.2\n\
         Content-Length: 2\n\
         Authorization: Basic $BASIC\n\
         Host: $HOST\n\
         Connection: close",
        "{}",
    ),
    (
        "Node http.request, which does not count",
        "POST /oauth/token HTTP/1.1\n\
         content-type: application/json\n\
         Host: $HOST\n\
         Connection: close\n\
         Transfer-Encoding: chunked",
        r#"{"client_id":"$ID","client_secret":"$SECRET","audience":"$AUDIENCE","grant_type":"client_credentials"}"#,
    ),
    (
        "Node request, json: true",
        "POST /oauth/token HTTP/1.1\n\
         accept: application/json\n\
         content-type: application/json\n\
         Host: $HOST\n\
         content-length: $LENGTH\n\
         Connection: close",
        r#"{"client_secret":"$SECRET","grant_type":"client_credentials","audience":"$AUDIENCE","client_id":"$ID"}"#,
    ),
    (
        "Node node-fetch",
        "POST /oauth/token HTTP/1.1\n\
         Content-Type: application/x-www-form-urlencoded;charset=UTF-8\n\
         Accept: */*\n\
         Content-Length: $LENGTH\n\
         User-Agent: node-fetch/1.0 (+https://github.com/bitinn/node-fetch)\n\
         Accept-Encoding: gzip,deflate\n\
         Connection: close\n\
         Host: $HOST",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET",
    ),
    (
        "Deno fetch",
        "POST /oauth/token HTTP/1.1\n\
         host: $HOST\n\
         content-type: application/json;charset=UTF-8\n\
         accept: */*\n\
         accept-language: *\n\
         user-agent: Deno/2.1.4\n\
         accept-encoding: gzip,br\n\
         content-length: $LENGTH",
        r#"{"client_id":"$ID","client_secret":"$SECRET","audience":"$AUDIENCE","grant_type":"client_credentials"}"#,
    ),
    (
        "PHP curl, JSON",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         Accept: */*\n\
         Content-Type: application/json\n\
         Content-Length: $LENGTH",
        r#"{"client_id":"$ID","client_secret":"$SECRET","audience":"$SLASHED","grant_type":"client_credentials"}"#,
    ),
    (
        "PHP curl, http_build_query",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         Accept: */*\n\
         Content-Length: $LENGTH\n\
         Content-Type: application/x-www-form-urlencoded",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET&audience=$ENCODED",
    ),
    (
        "PHP curl, CURLOPT_USERPWD",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         Authorization: Basic $BASIC\n\
         Accept: */*\n\
         Content-Length: $LENGTH\n\
         Content-Type: application/x-www-form-urlencoded",
        "grant_type=client_credentials",
    ),
    (
        "PHP file_get_contents",
        "POST /oauth/token HTTP/1.0\n\
         Host: $HOST\n\
         Connection: close\n\
         Content-Length: $LENGTH\n\
         Content-Type: application/x-www-form-urlencoded",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET",
    ),
    (
        "PHP Guzzle, form_params",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: GuzzleHttp/7\n\
         Content-Type: application/x-www-form-urlencoded\n\
         Content-Length: $LENGTH",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET",
    ),
    (
        "PHP Guzzle, json",
        "POST /oauth/token HTTP/1.1\n\
         Content-Length: $LENGTH\n\
         User-Agent: GuzzleHttp/6.5.5 curl/7.81.0 PHP/7.4.33\n\
         Content-Type: application/json\n\
         Host: $HOST",
        r#"{"client_id":"$ID","client_secret":"$SECRET","audience":"$SLASHED","grant_type":"client_credentials"}"#,
    ),
    (
        "Ruby Net::HTTP",
        "POST /oauth/token HTTP/1.1\n\
         Accept-Encoding: gzip;q=1.0,deflate;q=0.6,identity;q=0.3\n\
         Accept: */*\n\
         User-Agent: Ruby\n\
         Host: $HOST\n\
         Content-Type: application/x-www-form-urlencoded\n\
         Content-Length: $LENGTH\n\
         Connection: close",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET&audience=$ENCODED",
    ),
    (
        "Ruby HTTParty",
        "POST /oauth/token HTTP/1.1\n\
         Content-Type: application/json\n\
         Accept-Encoding: gzip;q=1.0,deflate;q=0.6,identity;q=0.3\n\
         Accept: */*\n\
         User-Agent: Ruby\n\
         Host: $HOST\n\
         Content-Length: $LENGTH",
        r#"{"grant_type":"client_credentials","client_id":"$ID","client_secret":"$SECRET"}"#,
    ),
    (
        "Perl LWP",
        "POST /oauth/token HTTP/1.1\n\
         TE: deflate,gzip;q=0.3\n\
         Connection: TE, close\n\
         Host: $HOST\n\
         User-Agent: libwww-perl/6.77\n\
         Content-Length: $LENGTH\n\
         Content-Type: application/x-www-form-urlencoded",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET",
    ),
];
