# jwt: Ruby's usual one.

# example
require "jwt"

# keys is called by the library: with kid_not_found it must read them again.
def verified(token, keys, issuer, audience, algorithm)
  rules = { algorithms: [algorithm], jwks: keys, iss: issuer, verify_iss: true, aud: audience,
            verify_aud: true, required_claims: %w[exp sub jti] }
  claims, header = JWT.decode(token, nil, true, rules)
  raise JWT::DecodeError, "it is no access token" unless header["typ"] == "at+jwt"

  claims
end
# end

require_relative "verifying"

KEYS = { "jwks" => nil }

def keys(world)
  lambda do |options|
    KEYS["jwks"] = nil if options[:kid_not_found]
    KEYS["jwks"] ||= begin
      all = JSON.parse(Net::HTTP.get(URI(world.jwks_uri)))["keys"]
      # It refuses a set with kinds of keys that it does not know.
      { keys: all.reject { |key| key["kty"] == "OKP" }.map { |key| key.transform_keys(&:to_sym) } }
    end
  end
end

verify = lambda do |world, token, audience, algorithm|
  verified(token, keys(world), world.issuer, audience, algorithm)
end

TABLE = Verifying.new(verify: verify, refusals: [JWT::DecodeError], algorithms: %w[ES256 RS256]).table

Peer.run(Peer.package_version("ruby-jwt"), TABLE)
