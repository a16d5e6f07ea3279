# Net::OAuth2: its profile for passwords takes any grant.
use v5.30;
use warnings;

use FindBin;
use lib $FindBin::Bin;

# example
use Net::OAuth2::Profile::Password;

sub token {
    my ($endpoint, $id, $secret, %more) = @_;
    my $profile = Net::OAuth2::Profile::Password->new(
        client_id => $id, client_secret => $secret, access_token_url => $endpoint,
        grant_type => 'client_credentials', secrets_in_params => 0);
    return $profile->get_access_token(%more); # $token->get('https://api.example.com/v1/books')
}
# end

use Peer;
use Standard;

sub fetch {
    my ($id, $secret, $way, $asked) = @_;
    my $endpoint = Peer::world->{metadata}{token_endpoint};
    my $token;
    if ($way eq 'basic') {
        $token = token($endpoint, $id, $secret, %$asked);
    } else {
        $token = Net::OAuth2::Profile::Password->new(
            client_id => $id, client_secret => $secret, access_token_url => $endpoint,
            grant_type => 'client_credentials', secrets_in_params => 1,
        )->get_access_token(%$asked);
    }
    return { access_token => $token->access_token, token_type => $token->token_type };
}

# Its error quotes the answer.
my $code = sub { return "$_[0]" =~ /"error": ?"(\w+)"/ ? $1 : undef };

Peer::run($Net::OAuth2::VERSION, Standard::table(
    fetch => \&fetch,
    code => $code,
    more => {
        'call' => sub {
            my $token = token(Peer::world->{metadata}{token_endpoint}, Peer::login());
            Peer::expect_equal('status', $token->get(Peer::world->{api_url})->code, 200);
            Peer::expect_equal('status without token', Peer::api_status(undef), 401);
        },
        'unsupported-grant' => sub {
            Standard::expect_code($code, 'unsupported_grant_type', sub {
                fetch(Peer::login(), 'basic', { grant_type => 'password', username => 'somebody' });
            });
        },
    },
));
