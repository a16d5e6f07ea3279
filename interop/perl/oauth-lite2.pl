# OAuth::Lite2: the client side of it.
use v5.30;
use warnings;

use FindBin;
use lib $FindBin::Bin;

# example
use OAuth::Lite2::Client::ClientCredentials;

sub token {
    my ($endpoint, $id, $secret, %more) = @_;
    my $client = OAuth::Lite2::Client::ClientCredentials->new(
        id => $id, secret => $secret, access_token_uri => $endpoint);
    return $client->get_access_token(use_basic_schema => 1, %more) || die $client->errstr;
}
# end

use Peer;
use Standard;

my $no_parameters = 'it sends no parameters but the scope';

Peer::run($OAuth::Lite2::VERSION, Standard::table(
    fetch => sub {
        my ($id, $secret, $way, $asked) = @_;
        my $endpoint = Peer::world->{metadata}{token_endpoint};
        my $answer = token($endpoint, $id, $secret, use_basic_schema => $way eq 'basic', %$asked);
        return { map { $_ => $answer->$_ } qw(access_token expires_in scope) };
    },
    # Its error is the code.
    code => sub { return "$_[0]" =~ /(\w+_\w+)/ ? $1 : undef },
    more => {
        'audience' => $no_parameters,
        'resource' => $no_parameters,
        'unknown-audience' => $no_parameters,
    },
));
