# The cases of a client library, made of what the library does: how it fetches a token, what its
# errors are, and, if it keeps tokens, its session. It must never fetch a token by itself where the
# library is to be tested.

require_relative "peer"

# What a library can do:
# - `fetch` is called with (world, login, method, asked), and gives what the library tells of the
#   answer as a hash, at least "access_token"; `asked` has "scope" and whatever else is sent;
# - `code` finds the error code in the library's own error, and nil in others;
# - `session`, if it keeps tokens, is called with (world, login) and gives what calls a URL, and
#   tells the status and the token that was sent;
# - `more` has cases beyond these, or instead of them; a text is why there is none.
class Standard
  BASIC = "basic".freeze
  POST = "post".freeze
  IN_WORDS = { BASIC => "by Basic", POST => "in the body" }.freeze

  REASONS = {
    "discover-oauth" => "it reads no metadata",
    "discover-openid" => "it reads no metadata",
    "token-auto" => "one says which way",
    "token-json" => "it only sends forms",
    "token-empty-body" => "it always sends grant_type",
    "token-http2" => "its HTTP library speaks HTTP/1.1 only",
    "reuse" => "it keeps no token",
    "renew" => "it keeps no token",
    "unsupported-grant" => "it names no grant but its own",
    "introspect" => "it has no helper for introspection",
    "revoke-token" => "it has no helper for revocation",
  }.freeze

  def initialize(fetch:, code:, methods: [BASIC, POST], session: nil, more: {})
    @fetch = fetch
    @code = code
    @methods = methods
    @session = session
    @more = more
  end

  def table
    cases = REASONS.transform_values { |why| Peer.not_supported(why) }.merge(own)
    @more.each do |name, act|
      cases[name] = act.is_a?(String) ? Peer.not_supported(act) : act
    end
    cases
  end

  # Checks that `act` is refused, by the library's own error.
  def expect_code(wanted)
    yield
  rescue StandardError => e
    raise unless @code.call(e)

    Peer.expect_equal("error", @code.call(e), wanted)
  else
    raise "no error, although #{wanted} is due"
  end

  private

  def own
    wrong = ->(world) { world.wrong_login }
    {
      "token-basic" => token(BASIC),
      "token-post" => token(POST),
      "scope-given" => token(@methods[0], "books:read"),
      "scope-omitted" => token(@methods[0]),
      "audience" => other_api("audience"),
      "resource" => other_api("resource"),
      "imported-secret" => method(:imported),
      "wrong-secret-basic" => refused("invalid_client", wrong, {}, BASIC),
      "wrong-secret-post" => refused("invalid_client", wrong, {}, POST),
      "unknown-scope" => refused("invalid_scope", :login.to_proc, { "scope" => "books:burn" }),
      "unknown-audience" => refused("invalid_target", :login.to_proc,
                                    { "audience" => "https://no.example.com" }),
      "paused" => refused("invalid_client", ->(world) { world.login("paused") }),
      "call" => method(:call),
      "early-death" => method(:early_death),
      "revoke-credential" => method(:revoke_credential),
    }.merge(@session ? { "reuse" => method(:reuse) } : {})
  end

  def unless_other(way, act)
    return act if @methods.include?(way)

    Peer.not_supported("it sends the secret #{IN_WORDS[@methods[0]]} only")
  end

  def token(way, scope = nil)
    unless_other(way, lambda do |world|
      answer = @fetch.call(world, world.login, way, scope ? { "scope" => scope } : {})
      claims = Peer.claims(answer["access_token"])
      # What a library does not tell, the token does.
      answer = { "token_type" => "Bearer", "expires_in" => claims["exp"] - claims["iat"],
                 "scope" => claims["scope"] }.merge(answer.compact)
      Peer.expect_equal("token_type", answer["token_type"].downcase, "bearer")
      Peer.expect_equal("expires_in", answer["expires_in"].to_i, 86_400)
      Peer.expect_equal("scope", answer["scope"], scope || world["api"]["scopes"].join(" "))
      Peer.expect_equal("aud", claims["aud"], world.audience)
    end)
  end

  def other_api(parameter)
    lambda do |world|
      asked = { parameter => world.other_audience }
      answer = @fetch.call(world, world.login("several"), @methods[0], asked)
      Peer.expect_equal("aud", Peer.claims(answer["access_token"])["aud"], world.other_audience)
    end
  end

  def refused(code, login, asked = {}, way = @methods[0])
    unless_other(way, lambda do |world|
      expect_code(code) { @fetch.call(world, login.call(world), way, asked) }
    end)
  end

  def imported(world)
    login = world.login("imported")
    @methods.each do |way|
      answer = @fetch.call(world, login, way, {})
      Peer.expect_equal("sub (#{way})", Peer.claims(answer["access_token"])["sub"], login[0])
    end
  end

  # How the library calls the API, and the token that it then sends.
  def calling(world, name)
    if @session
      get = @session.call(world, world.login(name))
      status, token = get.call(world["api_url"])
      Peer.expect_equal("status", status, 200)
      return [-> { get.call(world["api_url"])[0] }, token]
    end
    token = @fetch.call(world, world.login(name), @methods[0], {})["access_token"]
    [-> { world.api_status(token) }, token]
  end

  def call(world)
    get, = calling(world, "plain")
    Peer.expect_equal("status", get.call, 200)
    Peer.expect_equal("status without token", world.api_status(nil), 401)
  end

  def early_death(world)
    get, token = calling(world, "plain")
    world.kill(token, world.login)
    # Some fetch another at once and try again, most leave that to their user.
    Peer.expect([200, 401].include?(get.call), "the API answers neither 200 nor 401")
    another = @fetch.call(world, world.login, @methods[0], {})["access_token"]
    Peer.expect(another != token, "the library gave the dead token again")
    Peer.expect_equal("status of the next token", world.api_status(another), 200)
  end

  def revoke_credential(world)
    get, token = calling(world, "doomed")
    Peer.expect_equal("status", get.call, 200)
    world.revoke_credential
    world.refused_in_time(token)
    refused("invalid_client", ->(w) { w.login("doomed") }).call(world)
  end

  def reuse(world)
    get = @session.call(world, world.login)
    first = get.call(world["api_url"])
    Peer.expect_equal("the second call's status and token", get.call(world["api_url"]), first)
  end
end
