# rack-oauth2: under openid_connect, and in many a Rails application.

# example
require "rack/oauth2"

def client(token_endpoint, id, secret)
  Rack::OAuth2::Client.new(identifier: id, secret: secret, token_endpoint: token_endpoint)
end

def token(client, way = :basic, asked = {})
  client.access_token!(way, asked) # token.get("https://api.example.com/v1/books")
end
# end

require_relative "standard"

WAYS = { Standard::BASIC => :basic, Standard::POST => :body }.freeze

fetch = lambda do |world, login, way, asked|
  answer = token(client(world.token_endpoint, *login), WAYS[way], asked.transform_keys(&:to_sym))
  { "access_token" => answer.access_token, "token_type" => answer.token_type.to_s,
    "expires_in" => answer.expires_in, "scope" => Array(answer.scope).join(" ") }
end

session = lambda do |world, login|
  kept = token(client(world.token_endpoint, *login))
  ->(url) { [kept.get(url).status, kept.access_token] }
end

code = lambda do |error|
  error.response[:error] if error.is_a?(Rack::OAuth2::Client::Error)
end

password = lambda do |world|
  STANDARD.expect_code("unsupported_grant_type") do
    asking = client(world.token_endpoint, *world.login)
    asking.resource_owner_credentials = %w[somebody something]
    asking.access_token!
  end
end

revoke = lambda do |world|
  id, secret = world.login
  asking = Rack::OAuth2::Client.new(
    identifier: id, secret: secret, token_endpoint: world.token_endpoint,
    revocation_endpoint: world["metadata"]["revocation_endpoint"]
  )
  text = asking.access_token!.access_token
  asking.revoke!(access_token: text)
  world.refused_in_time(text)
end

STANDARD = Standard.new(fetch: fetch, code: code, session: session, more: {
  "renew" => "it does not know when a token expires",
  "unsupported-grant" => password,
  "revoke-token" => revoke,
})

Peer.run(Peer.package_version("ruby-rack-oauth2"), STANDARD.table)
