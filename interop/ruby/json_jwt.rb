# json-jwt: under openid_connect.

# example
require "json/jwt"

def verified(token, keys, issuer, audience, algorithm)
  claims = JSON::JWT.decode(token, keys, algorithm) # keys = JSON::JWK::Set.new(jwks)
  good = claims["iss"] == issuer && claims["aud"] == audience && claims.header["typ"] == "at+jwt"
  raise JSON::JWT::InvalidFormat, "for others, or no access token" unless good
  raise JSON::JWT::InvalidFormat, "it has expired" unless claims["exp"] > Time.now.to_i

  claims
end
# end

require_relative "verifying"

KEYS = {}

# Reads them again for one that is not among them.
def keys(world, token)
  unless KEYS.key?(Peer.header(token)["kid"])
    all = JSON.parse(Net::HTTP.get(URI(world.jwks_uri)))["keys"]
    all.each { |key| KEYS[key["kid"]] = key unless key["kty"] == "OKP" }
  end
  JSON::JWK::Set.new(KEYS.values)
end

verify = lambda do |world, token, audience, algorithm|
  verified(token, keys(world, token), world.issuer, audience, algorithm.to_sym)
end

REFUSALS = [JSON::JWT::Exception, JSON::JWK::Set::KidNotFound].freeze

TABLE = Verifying.new(verify: verify, refusals: REFUSALS, algorithms: %w[ES256 RS256]).table

Peer.run(Peer.package_version("ruby-json-jwt"), TABLE)
