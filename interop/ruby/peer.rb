# What every peer written in Ruby has: its world, its verdicts, and the Books API as a plain caller
# sees it. It must never use the library under test.

require "base64"
require "json"
require "net/http"
require "open3"
require "uri"

# A case that this library cannot answer.
class NotSupported < StandardError; end

# Where everything is, and this peer's credentials.
class World
  attr_reader :values

  def initialize(values)
    @values = values
  end

  def [](name) = values.fetch(name)

  def issuer = values["issuer"]

  def token_endpoint = values["metadata"]["token_endpoint"]

  def jwks_uri = values["metadata"]["jwks_uri"]

  def audience = values["api"]["audience"]

  def other_audience = values["other_api"]["audience"]

  def audience_of(algorithm)
    values["apis"].find { |api| api["algorithm"] == algorithm }["audience"]
  end

  # The client id and the secret of one of the credentials.
  def login(name = "plain") = values["credentials"][name].values_at("client_id", "client_secret")

  # A secret of the right form that is not the credential's.
  def wrong_login = [login[0], login("several")[1]]

  def api_status(token)
    request = Net::HTTP::Get.new(URI(values["api_url"]))
    request["Authorization"] = "Bearer #{token}" if token
    uri = request.uri
    Net::HTTP.start(uri.host, uri.port, nil, read_timeout: 5) { |http| http.request(request) }
             .code.to_i
  end

  def post(url, form)
    request = Net::HTTP::Post.new(URI(url))
    request.set_form_data(form)
    uri = request.uri
    Net::HTTP.start(uri.host, uri.port, nil, read_timeout: 5) { |http| http.request(request) }
  end

  # Ends the credential `doomed`, and returns once that is acknowledged.
  def revoke_credential
    output, status = Open3.capture2e(*values["revoke_command"])
    Peer.expect(status.success?, output)
  end

  # Ends a token early, behind the library's back (RFC 7009).
  def kill(token, login)
    post(values["metadata"]["revocation_endpoint"],
         "token" => token, "client_id" => login[0], "client_secret" => login[1])
    refused_in_time(token)
  end

  # Waits until the API refuses the token, and fails if that takes too long.
  def refused_in_time(token)
    since = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    until (status = api_status(token)) == 401
      took = Process.clock_gettime(Process::CLOCK_MONOTONIC) - since
      Peer.expect(took < values["revoked_within_s"], "the API still answers #{status} after #{took}")
    end
  end

  # A token without any library, for those that only verify.
  def plain_token(audience)
    id, secret = login("several")
    form = { "grant_type" => "client_credentials", "client_id" => id, "client_secret" => secret }
    JSON.parse(post(token_endpoint, form.merge("audience" => audience)).body).fetch("access_token")
  end
end

# The verdicts.
module Peer
  module_function

  def not_supported(why) = ->(_) { raise NotSupported, why }

  def expect(holds, otherwise)
    raise otherwise unless holds
  end

  def expect_equal(what, got, wanted)
    expect(got == wanted, "#{what} is #{got.inspect}, not #{wanted.inspect}")
  end

  # A token's header and payload, unverified.
  def header(token) = part(token, 0)

  def claims(token) = part(token, 1)

  def part(token, index) = JSON.parse(Base64.urlsafe_decode64(token.split(".")[index]))

  # Answers every case that the world asks for, one JSON line each.
  def run(version, cases)
    world = World.new(JSON.parse(File.read(ARGV[0])))
    say("version" => version)
    world["cases"].each do |name|
      act = cases[name]
      say({ "case" => name }.merge(verdict(world, act))) if act
    end
  end

  def verdict(world, act)
    act.call(world)
    { "verdict" => "ok" }
  rescue NotSupported => e
    { "verdict" => "not-supported", "detail" => e.message }
  rescue StandardError => e # Whatever a library throws is a verdict about us.
    { "verdict" => "failed", "detail" => "#{e.class}: #{e.message}" }
  end

  def say(line)
    puts JSON.generate(line)
    $stdout.flush
  end

  # What Debian's package of this name is.
  def package_version(name)
    output, = Open3.capture2("dpkg-query", "--show", "--showformat", "${Version}", name)
    output
  end
end
