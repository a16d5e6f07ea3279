"""The table of cases. Every peer answers every case of its kinds: by passing it, or by saying
why its library cannot do such a thing. What a case means is told here and nowhere else."""

from collections.abc import Iterable

CLIENT = "client"
VERIFIER = "verifier"
PROXY = "proxy"
GATEWAY = "gateway"
EXT_AUTHZ = "ext-authz"
GENERATED = "generated"
MCP = "mcp"
GUARD = "guard"

CASES: dict[str, dict[str, str]] = {
    CLIENT: {
        "discover-oauth": "finds the endpoints by /.well-known/oauth-authorization-server",
        "discover-openid": "finds the endpoints by /.well-known/openid-configuration",
        "token-basic": "gets a token with client_secret_basic, living 24 hours",
        "token-post": "gets a token with client_secret_post",
        "token-auto": "finds out by itself how to send the secret",
        "token-json": "gets a token with a JSON body",
        "token-empty-body": "gets a token with Basic and an empty body",
        "token-http2": "gets a token over HTTP/2 with prior knowledge",
        "scope-given": "asks for one scope, and gets that one only",
        "scope-omitted": "asks for no scope, and is told which it got: all",
        "audience": "asks for another API by `audience`",
        "resource": "asks for another API by `resource` (RFC 8707)",
        "imported-secret": "an imported secret of special characters, each way the library has",
        "wrong-secret-basic": "a wrong secret by Basic: the library's error has invalid_client",
        "wrong-secret-post": "a wrong secret in the body: the library's error has invalid_client",
        "unknown-scope": "an unknown scope: the library's error has invalid_scope",
        "unknown-audience": "an unknown API: the library's error has invalid_target",
        "unsupported-grant": "another grant: the library's error has unsupported_grant_type",
        "paused": "a paused credential: the library's error has invalid_client",
        "reuse": "the library's own cache gives the token again",
        "renew": "once its token has expired, the library gets another by itself",
        "call": "the Books API answers 200 with the token, and 401 without",
        "early-death": "its token dies early: the API answers 401, and the next token works",
        "introspect": "introspection: a live token is active, nonsense is not (RFC 7662)",
        "revoke-token": "the token revoked by its client: the API answers 401 (RFC 7009)",
        "revoke-credential": "the credential revoked: the API answers 401, no further token",
    },
    VERIFIER: {
        "verify-es256": "verifies an ES256 token by JWKS: typ at+jwt, iss, aud, exp",
        "verify-rs256": "verifies an RS256 token by JWKS",
        "verify-eddsa": "verifies an EdDSA token by JWKS",
        "claims": "finds every claim that RFC 9068 §2.2 requires, as the right JSON type",
        "other-audience": "refuses a token that is for another API",
        "changed-token": "refuses a token with a changed signature",
        "other-key": "refuses a token whose kid is not in the JWKS",
        "expired": "refuses a token that has expired",
        "wrong-type": "refuses a token of the type JWT where at+jwt is due",
        "rotation": "verifies every token before, during and after a rotation of all keys",
    },
    GENERATED: {
        "generated-client": "makes a credential, gets a token with it, calls, and revokes it",
    },
    PROXY: {
        "proxy-token": "passes a token on, over TLS and HTTP/2",
        "proxy-page": "passes a page on",
        "proxy-address": "tells whose address it is, whatever the caller invents",
        "proxy-stream": "passes each event of the feed on at once: a death within a second",
        "proxy-long-head": "an oversize head is refused, and others are served",
        "proxy-big-body": "an oversize body is refused as JSON, by Hallpass or before it",
        "proxy-away": "no server behind it: JSON, 503, Retry-After",
    },
    GATEWAY: {
        "gateway-passes": "what may pass reaches the API as it was, with who calls, without token",
        "gateway-refusals": "refusals reach the caller: status, WWW-Authenticate, JSON",
        "gateway-forged": "headers that callers forge count for nothing",
        "gateway-paths": "no path leads around a rule",
        "gateway-metadata": "the API's metadata are there for everybody (RFC 9728)",
        "gateway-death": "a revoked credential is refused within a second",
        "gateway-away": "without the gateway nothing gets through",
    },
    EXT_AUTHZ: {
        "ext-authz-passes": "what may pass is told who calls, and the token is taken away",
        "ext-authz-refusals": "refusals have status, WWW-Authenticate and JSON",
        "ext-authz-forged": "headers that callers forge are taken away",
        "ext-authz-death": "a revoked credential is refused within a second",
        "ext-authz-config": "the file for Envoy is one, by Envoy's own messages",
    },
    MCP: {
        "mcp-discovers": "an MCP client finds the issuer from the server's address, and calls a tool",
        "mcp-wrong-secret": "with a wrong secret it never reaches the server",
        "mcp-revoked": "a revoked credential is refused within a second",
    },
    GUARD: {
        "guard-unit": "its own tests pass: feed vectors, token table, feeds that misbehave",
        "guard-passes": "a good token passes, and the API is told who calls",
        "guard-refusals": "refusals have status, WWW-Authenticate and JSON by RFC 6750",
        "guard-death": "a revoked credential is refused within a second",
        "guard-rotation": "tokens pass before and after a rotation; those of a killed key die",
        "guard-blind": "without its issuer it is blind, then refuses or not as chosen, then sees",
        "guard-late": "started before its issuer it answers 503, and then passes",
    },
}


def names(kinds: Iterable[str]) -> list[str]:
    """The cases of these kinds, in order."""
    return [name for kind in kinds for name in CASES[kind]]
