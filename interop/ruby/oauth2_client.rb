# oauth2: Ruby's usual one, under OmniAuth.

# example
require "oauth2"

def client(site, id, secret, **more)
  OAuth2::Client.new(id, secret, site: site, token_url: "/oauth/token", **more)
end

def token(client, asked = {})
  client.client_credentials.get_token(asked) # token.get("https://api.example.com/v1/books")
end
# end

require_relative "standard"

WAYS = { Standard::BASIC => :basic_auth, Standard::POST => :request_body }.freeze

fetch = lambda do |world, login, way, asked|
  token(client(world.issuer, *login, auth_scheme: WAYS[way]), asked).to_hash
      .transform_keys(&:to_s).slice("access_token", "token_type", "scope")
end

session = lambda do |world, login|
  kept = token(client(world.issuer, *login, raise_errors: false))
  ->(url) { [kept.get(url).status, kept.token] }
end

code = ->(error) { error.code if error.is_a?(OAuth2::Error) }

password = lambda do |world|
  STANDARD.expect_code("unsupported_grant_type") do
    client(world.issuer, *world.login, auth_scheme: :basic_auth).password.get_token("a", "b")
  end
end

STANDARD = Standard.new(fetch: fetch, code: code, session: session, more: {
  "renew" => "it renews by refresh tokens only, which this grant has none of",
  "unsupported-grant" => password,
})

Peer.run(Peer.package_version("ruby-oauth2"), STANDARD.table)
