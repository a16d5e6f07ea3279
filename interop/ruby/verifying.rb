# The cases of libraries that verify tokens. It must never decide whether a token is good.

require "fileutils"

require_relative "peer"

# `verify` is called with (world, token, audience, algorithm), and gives the claims; `refusals` are
# the classes of the library's errors; `ignores_typ` is why it does not look at the type.
class Verifying
  # How often a verifier asks for a token during the rotation: all of them are the load.
  EVERY_S = 0.2
  ROTATED_WITHIN_S = 120
  # Verified after the new keys sign.
  AFTERWARDS = 5

  def initialize(verify:, refusals:, algorithms: %w[ES256 RS256 EdDSA], ignores_typ: nil)
    @verify = verify
    @refusals = refusals
    @algorithms = algorithms
    @ignores_typ = ignores_typ
  end

  def table
    {
      "verify-es256" => signed("ES256"),
      "verify-rs256" => signed("RS256"),
      "verify-eddsa" => signed("EdDSA"),
      "claims" => method(:all_claims),
      "other-audience" => refused(:itself.to_proc, :other_audience.to_proc),
      "changed-token" => refused(method(:with_changed_signature), :audience.to_proc),
      "other-key" => refused(method(:with_other_kid), :audience.to_proc),
      "expired" => method(:expired),
      "wrong-type" => @ignores_typ ? Peer.not_supported(@ignores_typ) : method(:wrong_type),
      "rotation" => method(:rotation),
    }
  end

  private

  def signed(algorithm)
    return Peer.not_supported("it does not know #{algorithm}") unless @algorithms.include?(algorithm)

    lambda do |world|
      audience = world.audience_of(algorithm)
      token = world.plain_token(audience)
      claims = @verify.call(world, token, audience, algorithm)
      Peer.expect_equal("header", Peer.header(token).values_at("typ", "alg"), ["at+jwt", algorithm])
      Peer.expect_equal("iss", claims["iss"], world.issuer)
    end
  end

  def all_claims(world)
    token = world.plain_token(world.audience)
    claims = @verify.call(world, token, world.audience, "ES256")
    id = world.login("several")[0]
    Peer.expect_equal("ids", claims.values_at("sub", "client_id"), [id, id])
    Peer.expect_equal("scope", claims["scope"], world["api"]["scopes"].join(" "))
    Peer.expect_equal("aud", claims["aud"], world.audience)
    Peer.expect(claims["jti"].is_a?(String), "jti is #{claims["jti"]}")
    Peer.expect_equal("exp - iat", claims["exp"] - claims["iat"], 86_400)
  end

  def expect_refusal(world, token, audience)
    @verify.call(world, token, audience, "ES256")
  rescue *@refusals
    nil
  else
    raise "the token was taken for good"
  end

  def refused(change, audience)
    lambda do |world|
      token = change.call(world.plain_token(world.audience))
      expect_refusal(world, token, audience.call(world))
    end
  end

  def expired(world)
    audience = world["short_api"]["audience"]
    # That it is a good one but for its age, a fresh one shows.
    @verify.call(world, world.plain_token(audience), audience, "ES256")
    expect_refusal(world, world["expired_token"], audience)
  end

  def wrong_type(world)
    audience = world["legacy_api"]["audience"]
    expect_refusal(world, world.plain_token(audience), audience)
  end

  # Verifies while the keys change, from before the first new one to after the last old one.
  def rotation(world)
    first = look(world)
    FileUtils.touch(world["ready_file"])
    last_moment = Process.clock_gettime(Process::CLOCK_MONOTONIC) + ROTATED_WITHIN_S
    until File.exist?(world["rotated_file"])
      now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      Peer.expect(now < last_moment, "the keys were not rotated in time")
      look(world)
      sleep EVERY_S
    end
    last = Array.new(AFTERWARDS) { look(world) }.last
    first.each do |algorithm, token|
      kids = [token, last[algorithm]].map { |each| Peer.header(each)["kid"] }
      Peer.expect(kids.uniq.size == 2, "#{algorithm}: still the same key")
      @verify.call(world, token, world.audience_of(algorithm), algorithm)
    end
  end

  def look(world)
    @algorithms.to_h do |algorithm|
      audience = world.audience_of(algorithm)
      token = world.plain_token(audience)
      @verify.call(world, token, audience, algorithm)
      [algorithm, token]
    end
  end

  # One character changed in the middle of the signature: the last one may hold unused bits.
  def with_changed_signature(token)
    at = token.rindex(".") + 40
    token.dup.tap { |changed| changed[at] = token[at] == "A" ? "B" : "A" }
  end

  def with_other_kid(token)
    fields = Peer.header(token).merge("kid" => "unheard-of")
    part = Base64.urlsafe_encode64(JSON.generate(fields), padding: false)
    token.sub(/\A[^.]*/, part)
  end
end
