//! Programs, apps and PowerShell. Each header in the client's own order and case.

use super::{Body, Head};

pub(super) const REQUESTS: &[(&str, Head, Body)] = &[
    (
        "Java HttpURLConnection",
        "POST /oauth/token HTTP/1.1\n\
         Content-Type: application/x-www-form-urlencoded\n\
         User-Agent: Java/1.8.0_402\n\
         Host: $HOST\n\
         Accept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2\n\
         Connection: keep-alive\n\
         Content-Length: $LENGTH",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET",
    ),
    (
        "Java HttpURLConnection, Basic",
        "POST /oauth/token HTTP/1.1\n\
         Authorization: Basic $BASIC\n\
         User-Agent: Java/17.0.10\n\
         Host: $HOST\n\
         Accept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2\n\
         Connection: keep-alive\n\
         Content-Type: application/x-www-form-urlencoded\n\
         Content-Length: $LENGTH",
        "grant_type=client_credentials",
    ),
    (
        "Java HttpClient, which offers HTTP/2",
        "POST /oauth/token HTTP/1.1\n\
         Connection: Upgrade, HTTP2-Settings\n\
         Content-Length: $LENGTH\n\
         Host: $HOST\n\
         HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\n\
         Upgrade: h2c\n\
         User-Agent: Java-http-client/17.0.10\n\
         Content-Type: application/json",
        r#"{"grant_type":"client_credentials","client_id":"$ID","client_secret":"$SECRET"}"#,
    ),
    (
        "Java OkHttp",
        "POST /oauth/token HTTP/1.1\n\
         Content-Type: application/json; charset=utf-8\n\
         Content-Length: $LENGTH\n\
         Host: $HOST\n\
         Connection: Keep-Alive\n\
         Accept-Encoding: gzip\n\
         User-Agent: okhttp/4.12.0",
        r#"{"client_id":"$ID","client_secret":"$SECRET","audience":"$AUDIENCE","grant_type":"client_credentials"}"#,
    ),
    (
        "Java OkHttp, FormBody",
        "POST /oauth/token HTTP/1.1\n\
         Content-Type: application/x-www-form-urlencoded\n\
         Content-Length: $LENGTH\n\
         Host: $HOST\n\
         Connection: Keep-Alive\n\
         Accept-Encoding: gzip\n\
         User-Agent: okhttp/3.14.9",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET",
    ),
    (
        "Java Apache HttpClient",
        "POST /oauth/token HTTP/1.1\n\
         Content-Length: $LENGTH\n\
         Content-Type: application/x-www-form-urlencoded; charset=ISO-8859-1\n\
         Host: $HOST\n\
         Connection: Keep-Alive\n\
         User-Agent: Apache-HttpClient/4.5.14 (Java/17.0.10)\n\
         Accept-Encoding: gzip,deflate",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET",
    ),
    (
        "Java Unirest",
        "POST /oauth/token HTTP/1.1\n\
         content-type: application/json\n\
         accept-encoding: gzip\n\
         Content-Length: $LENGTH\n\
         Host: $HOST\n\
         Connection: Keep-Alive\n\
         User-Agent: unirest-java/1.3.11",
        r#"{"client_id":"$ID","client_secret":"$SECRET","audience":"$AUDIENCE","grant_type":"client_credentials"}"#,
    ),
    (
        "Spring RestTemplate",
        "POST /oauth/token HTTP/1.1\n\
         Accept: application/json, application/*+json\n\
         Content-Type: application/x-www-form-urlencoded;charset=UTF-8\n\
         Authorization: Basic $BASIC\n\
         User-Agent: Java/17.0.10\n\
         Host: $HOST\n\
         Connection: keep-alive\n\
         Content-Length: $LENGTH",
        "grant_type=client_credentials",
    ),
    (
        "C# FormUrlEncodedContent",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         Content-Type: application/x-www-form-urlencoded\n\
         Content-Length: $LENGTH",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET",
    ),
    (
        "C# StringContent",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         Accept: application/json\n\
         Content-Type: application/json; charset=utf-8\n\
         Content-Length: $LENGTH",
        r#"{"client_id":"$ID","client_secret":"$SECRET","audience":"$AUDIENCE","grant_type":"client_credentials"}"#,
    ),
    (
        "C# PostAsJsonAsync",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         Transfer-Encoding: chunked\n\
         Content-Type: application/json; charset=utf-8",
        r#"{"grant_type":"client_credentials","client_id":"$ID","client_secret":"$SECRET"}"#,
    ),
    (
        "C# HttpWebRequest, which waits to be told",
        "POST /oauth/token HTTP/1.1\n\
         Content-Type: application/x-www-form-urlencoded\n\
         Host: $HOST\n\
         Content-Length: $LENGTH\n\
         Expect: 100-continue\n\
         Connection: Keep-Alive",
        "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET",
    ),
    (
        "C# RestSharp",
        "POST /oauth/token HTTP/1.1\n\
         Accept: application/json, text/json, text/x-json, text/javascript, application/xml, text/xml\n\
         User-Agent: RestSharp/106.15.0.0\n\
         Connection: Keep-Alive\n\
         Host: $HOST\n\
         Content-Type: application/json\n\
         Content-Length: $LENGTH\n\
         Accept-Encoding: gzip, deflate",
        r#"{"client_id":"$ID","client_secret":"$SECRET","audience":"$AUDIENCE","grant_type":"client_credentials"}"#,
    ),
    (
        "PowerShell 7, a hash table",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: Mozilla/5.0 (Linux; Ubuntu 24.04; en-US) PowerShell/7.4.6\n\
         Accept-Encoding: gzip, deflate, br\n\
         Content-Type: application/x-www-form-urlencoded\n\
         Content-Length: $LENGTH",
        "client_secret=$SECRET&grant_type=client_credentials&client_id=$ID",
    ),
    (
        "Windows PowerShell, ConvertTo-Json",
        "POST /oauth/token HTTP/1.1\n\
         User-Agent: Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.4648\n\
         Content-Type: application/json\n\
         Host: $HOST\n\
         Content-Length: $LENGTH\n\
         Expect: 100-continue\n\
         Connection: Keep-Alive",
        "{\r\n    \"client_secret\":  \"$SECRET\",\r\n    \"grant_type\":  \"client_credentials\",\r\n    \"client_id\":  \"$ID\"\r\n}",
    ),
    (
        "Go http.PostForm",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: Go-http-client/1.1\n\
         Content-Length: $LENGTH\n\
         Content-Type: application/x-www-form-urlencoded\n\
         Accept-Encoding: gzip",
        "audience=$ENCODED&client_id=$ID&client_secret=$SECRET&grant_type=client_credentials",
    ),
    (
        "Go strings.NewReader",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: Go-http-client/1.1\n\
         Content-Length: $LENGTH\n\
         Content-Type: application/json\n\
         Accept-Encoding: gzip",
        "{\n\t\"client_id\": \"$ID\",\n\t\"client_secret\": \"$SECRET\",\n\t\"grant_type\": \"client_credentials\"\n}",
    ),
    (
        "Rust reqwest, json",
        "POST /oauth/token HTTP/1.1\n\
         content-type: application/json\n\
         accept: */*\n\
         host: $HOST\n\
         content-length: $LENGTH",
        r#"{"grant_type":"client_credentials","client_id":"$ID","client_secret":"$SECRET"}"#,
    ),
    (
        "Dart http",
        "POST /oauth/token HTTP/1.1\n\
         user-agent: Dart/3.6 (dart:io)\n\
         content-type: application/json; charset=utf-8\n\
         accept-encoding: gzip\n\
         content-length: $LENGTH\n\
         host: $HOST",
        r#"{"client_id":"$ID","client_secret":"$SECRET","audience":"$AUDIENCE","grant_type":"client_credentials"}"#,
    ),
    (
        "Swift URLSession",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         Content-Type: application/json\n\
         Connection: keep-alive\n\
         Accept: */*\n\
         User-Agent: App/1 CFNetwork/1498.700.2 Darwin/23.6.0\n\
         Content-Length: $LENGTH\n\
         Accept-Language: en-GB,en;q=0.9\n\
         Accept-Encoding: gzip, deflate",
        r#"{"grant_type":"client_credentials","client_id":"$ID","client_secret":"$SECRET"}"#,
    ),
];
