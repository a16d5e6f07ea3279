//! What is not as it should be, and the words that each is refused with.

use super::{Body, Head};

pub(super) const REQUESTS: &[(&str, Head, Body, &str)] = &[
    (
        "curl -F",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: curl/8.5.0\n\
         Accept: */*\n\
         Content-Length: $LENGTH\n\
         Content-Type: multipart/form-data; boundary=------------------------d74496d66958873e",
        "--------------------------d74496d66958873e\r\nContent-Disposition: form-data; name=\"grant_type\"\r\n\r\nclient_credentials\r\n--------------------------d74496d66958873e\r\nContent-Disposition: form-data; name=\"client_id\"\r\n\r\n$ID\r\n--------------------------d74496d66958873e\r\nContent-Disposition: form-data; name=\"client_secret\"\r\n\r\n$SECRET\r\n--------------------------d74496d66958873e--\r\n",
        "the Content-Type must be application/x-www-form-urlencoded or application/json",
    ),
    (
        "PHP curl with an array",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         Accept: */*\n\
         Content-Length: $LENGTH\n\
         Content-Type: multipart/form-data; boundary=------------------------d74496d66958873e",
        "--------------------------d74496d66958873e\r\nContent-Disposition: form-data; name=\"grant_type\"\r\n\r\nclient_credentials\r\n--------------------------d74496d66958873e\r\nContent-Disposition: form-data; name=\"client_id\"\r\n\r\n$ID\r\n--------------------------d74496d66958873e\r\nContent-Disposition: form-data; name=\"client_secret\"\r\n\r\n$SECRET\r\n--------------------------d74496d66958873e--\r\n",
        "the Content-Type must be application/x-www-form-urlencoded or application/json",
    ),
    (
        "curl -d with JSON and no header",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: curl/8.5.0\n\
         Accept: */*\n\
         Content-Length: $LENGTH\n\
         Content-Type: application/x-www-form-urlencoded",
        r#"{"grant_type":"client_credentials","client_id":"$ID","client_secret":"$SECRET"}"#,
        "the body is JSON, but its Content-Type is not: send Content-Type: application/json",
    ),
    (
        "the same over lines",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: curl/8.5.0\n\
         Accept: */*\n\
         Content-Length: $LENGTH\n\
         Content-Type: application/x-www-form-urlencoded",
        "\n{\n  \"grant_type\": \"client_credentials\"\n}\n",
        "the body is JSON, but its Content-Type is not: send Content-Type: application/json",
    ),
    (
        "PowerShell, a hash table and a JSON header",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: Mozilla/5.0 (Windows NT 10.0; Microsoft Windows 10.0.19045; en-US) PowerShell/7.4.6\n\
         Accept-Encoding: gzip, deflate, br\n\
         Content-Type: application/json\n\
         Content-Length: $LENGTH",
        "client_secret=$SECRET&grant_type=client_credentials&client_id=$ID",
        "the body is a form, but its Content-Type is not: send Content-Type: application/x-www-form-urlencoded",
    ),
    (
        "fetch with JSON and no header",
        "POST /oauth/token HTTP/1.1\n\
         host: $HOST\n\
         connection: keep-alive\n\
         content-type: text/plain;charset=UTF-8\n\
         accept: */*\n\
         accept-language: *\n\
         sec-fetch-mode: cors\n\
         user-agent: node\n\
         accept-encoding: gzip, deflate\n\
         content-length: $LENGTH",
        r#"{"grant_type":"client_credentials","client_id":"$ID","client_secret":"$SECRET"}"#,
        "the Content-Type must be application/x-www-form-urlencoded or application/json",
    ),
    (
        "requests with params=",
        "POST /oauth/token?grant_type=client_credentials HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: python-requests/2.32.3\n\
         Accept-Encoding: gzip, deflate\n\
         Accept: */*\n\
         Connection: keep-alive\n\
         Content-Length: 0\n\
         Authorization: Basic $BASIC",
        "",
        "grant_type came in the query: send the parameters in the body of the POST",
    ),
    (
        "axios with data and config confused",
        "POST /oauth/token HTTP/1.1\n\
         Accept: application/json, text/plain, */*\n\
         Content-Type: application/json\n\
         User-Agent: axios/1.7.9\n\
         Content-Length: $LENGTH\n\
         Accept-Encoding: gzip, compress, deflate, br\n\
         Host: $HOST\n\
         Connection: keep-alive",
        r#"{"data":{"grant_type":"client_credentials","client_id":"$ID","client_secret":"$SECRET"}}"#,
        "grant_type is missing: send grant_type=client_credentials in the body",
    ),
    (
        "a template that was never filled in",
        "POST /oauth/token HTTP/1.1\n\
         Host: $HOST\n\
         User-Agent: curl/8.5.0\n\
         Accept: */*\n\
         Content-Length: $LENGTH\n\
         Content-Type: application/json",
        r#"{"grant_type":"client_credentials","client_id":$CLIENT_ID}"#,
        "the body is not a JSON object",
    ),
];
