# signet: Google's, for any server.

# example
require "signet/oauth_2/client"

def client(token_endpoint, id, secret)
  Signet::OAuth2::Client.new(
    token_credential_uri: token_endpoint, client_id: id, client_secret: secret
  ).tap { |client| client.grant_type = "client_credentials" }
end

def token(client, **more)
  client.fetch_access_token!(more) # client.fetch_protected_resource(uri: …), client.expired?
end
# end

require_relative "standard"

fetch = lambda do |world, login, _way, asked|
  more = { additional_parameters: asked.reject { |name, _| name == "scope" } }
  more[:scope] = asked["scope"] if asked["scope"]
  token(client(world.token_endpoint, *login), **more)
end

session = lambda do |world, login|
  kept = client(world.token_endpoint, *login)
  token(kept)
  lambda do |url|
    [kept.fetch_protected_resource(uri: url).status, kept.access_token]
  rescue Signet::AuthorizationError => e
    [e.response.status, kept.access_token]
  end
end

# Its error quotes the answer.
code = lambda do |error|
  error.message[/"error": ?"(\w+)"/, 1] if error.is_a?(Signet::AuthorizationError)
end

def renew(world)
  kept = client(world.token_endpoint, *world.login)
  first = token(kept)["access_token"]
  kept.expires_at = Time.now - 1
  Peer.expect(kept.expired?, "the library thinks that the token is good")
  kept.refresh!
  Peer.expect(kept.access_token != first, "an expired token was given")
end

BASIC = "its Basic changes Faraday's default connection for everything that comes after".freeze

STANDARD = Standard.new(fetch: fetch, code: code, methods: [Standard::POST], session: session, more: {
  "token-basic" => BASIC,
  "wrong-secret-basic" => BASIC,
  "renew" => method(:renew),
})

Peer.run(Peer.package_version("ruby-signet"), STANDARD.table)
