//! Tools that people type into a shell or click in. Each header in the client's own order and case.

use super::{Body, Head};

pub(super) const REQUESTS: &[(&str, Head, Body)] = &[
    (
        "curl -d",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: curl/8.5.0\n\
         Accept: */*\n\
         Content-Length: $LENGTH\n\
         Content-Type: application/x-www-form-urlencoded",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET",
    ),
    (
        "curl -u -d",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         Authorization: Basic $BASIC\n\
         User-Agent: curl/8.5.0\n\
         Accept: */*\n\
         Content-Length: $LENGTH\n\
         Content-Type: application/x-www-form-urlencoded",
        "grant_type=client_credentials",
    ),
    (
        "curl -u -X POST, and nothing else",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         Authorization: Basic $BASIC\n\
         User-Agent: curl/7.68.0\n\
         Accept: */*",
        "",
    ),
    (
        "curl -u -d ''",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         Authorization: Basic $BASIC\n\
         User-Agent: curl/8.5.0\n\
         Accept: */*\n\
         Content-Length: 0\n\
         Content-Type: application/x-www-form-urlencoded",
        "",
    ),
    (
        "curl --data-urlencode",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: curl/8.5.0\n\
         Accept: */*\n\
         Content-Length: $LENGTH\n\
         Content-Type: application/x-www-form-urlencoded",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET&audience=$ENCODED&scope=books%3Aread%20books%3Awrite",
    ),
    (
        "curl with JSON in one line",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: curl/8.5.0\n\
         Accept: */*\n\
         content-type: application/json\n\
         Content-Length: $LENGTH",
        r#"{"client_id":"$ID","client_secret":"$SECRET","audience":"$AUDIENCE","grant_type":"client_credentials"}"#,
    ),
    (
        "curl --data-raw with JSON over lines",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: curl/7.88.1\n\
         Accept: */*\n\
         Content-Type: application/json\n\
         Content-Length: $LENGTH",
        "{\n    \"grant_type\": \"client_credentials\",\n    \"client_id\": \"$ID\",\n    \"client_secret\": \"$SECRET\"\n}",
    ),
    (
        "curl --json",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: curl/8.5.0\n\
         Content-Type: application/json\n\
         Accept: application/json\n\
         Content-Length: $LENGTH",
        r#"{"grant_type":"client_credentials","client_id":"$ID","client_secret":"$SECRET"}"#,
    ),
    (
        "curl -d @file, which ends with a line break",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: curl/8.5.0\n\
         Accept: */*\n\
         Content-Type: application/json\n\
         Content-Length: $LENGTH",
        "{\"grant_type\":\"client_credentials\",\"client_id\":\"$ID\",\"client_secret\":\"$SECRET\"}\n",
    ),
    (
        "wget --post-data",
        "POST /oauth/token HTTP/1.1\n\
         User-Agent: Wget/1.21.4\n\
         Accept: */*\n\
         Accept-Encoding: identity\n\
         Host: $HOST\n\
         Connection: Keep-Alive\n\
         Content-Type: application/x-www-form-urlencoded\n\
         Content-Length: $LENGTH",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET",
    ),
    (
        "HTTPie, JSON",
        "POST /oauth/token HTTP/1.1\n\
         Accept-Encoding: gzip, deflate\n\
         Accept: application/json, */*;q=0.5\n\
         Connection: keep-alive\n\
         Content-Type: application/json\n\
         User-Agent: HTTPie/3.2.4\n\
         Host: $HOST\n\
         Content-Length: $LENGTH",
        r#"{"grant_type": "client_credentials", "client_id": "$ID", "client_secret": "$SECRET"}"#,
    ),
    (
        "HTTPie, --form",
        "POST /oauth/token HTTP/1.1\n\
         Accept-Encoding: gzip, deflate\n\
         Accept: */*\n\
         Connection: keep-alive\n\
         Content-Type: application/x-www-form-urlencoded; charset=utf-8\n\
         User-Agent: HTTPie/3.2.4\n\
         Host: $HOST\n\
         Content-Length: $LENGTH",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET",
    ),
    (
        "Postman, form",
        "POST /oauth/token HTTP/1.1\n\
         Content-Type: application/x-www-form-urlencoded\n\
         User-Agent: PostmanRuntime/7.43.0\n\
         Accept: */*\n\
         Cache-Control: no-cache\n\
         Postman-Token: 5d6d7e3c-0f3b-4a39-8f0b-1c2d3e4f5a6b\n\
         Host: $HOST\n\
         Accept-Encoding: gzip, deflate, br\n\
         Connection: keep-alive\n\
         Content-Length: $LENGTH",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET&audience=$ENCODED",
    ),
    (
        "Postman, Basic",
        "POST /oauth/token HTTP/1.1\n\
         Content-Type: application/x-www-form-urlencoded\n\
         Authorization: Basic $BASIC\n\
         User-Agent: PostmanRuntime/7.43.0\n\
         Accept: */*\n\
         Cache-Control: no-cache\n\
         Postman-Token: 5d6d7e3c-0f3b-4a39-8f0b-1c2d3e4f5a6b\n\
         Host: $HOST\n\
         Accept-Encoding: gzip, deflate, br\n\
         Connection: keep-alive\n\
         Content-Length: $LENGTH\n\
         Cookie: session=left-over",
        "grant_type=client_credentials",
    ),
];
