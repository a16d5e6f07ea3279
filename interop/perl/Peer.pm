# What every peer written in Perl has: its world, its verdicts, and the Books API as a plain caller
# sees it. It must never use the library under test.
package Peer;

use v5.30;
use warnings;

use Carp qw(croak);
use HTTP::Request::Common qw(GET POST);
use JSON::PP;
use LWP::UserAgent;
use MIME::Base64 qw(decode_base64url encode_base64url);
use Time::HiRes qw(time);

my $json = JSON::PP->new->canonical->utf8;
my $agent = LWP::UserAgent->new(timeout => 5);
my $world;

sub world { return $world }

# The client id and the secret of one of the credentials.
sub login {
    my ($name) = @_;
    return @{ $world->{credentials}{ $name // 'plain' } }{qw(client_id client_secret)};
}

# A secret of the right form that is not the credential's.
sub wrong_login { return ((login())[0], (login('several'))[1]) }

sub not_supported {
    my ($why) = @_;
    return sub { die { not_supported => $why } };
}

sub expect {
    my ($holds, $otherwise) = @_;
    die "$otherwise\n" unless $holds;
    return;
}

sub expect_equal {
    my ($what, $got, $wanted) = @_;
    expect(defined $got && $got eq $wanted, "$what is @{[$got // 'nothing']}, not $wanted");
    return;
}

# A token's header and payload, unverified.
sub header { return $json->decode(decode_base64url((split /[.]/, $_[0])[0])) }
sub claims { return $json->decode(decode_base64url((split /[.]/, $_[0])[1])) }

# The token with another kid.
sub with_kid {
    my ($token, $kid) = @_;
    my $fields = { %{ header($token) }, kid => $kid };
    my (undef, $rest) = split /[.]/, $token, 2;
    return encode_base64url($json->encode($fields)) . ".$rest";
}

sub get { return $agent->request(GET $_[0])->content }

sub json_of { return $json->decode($_[0]) }

# How the Books API answers a call with this token, or without one.
sub api_status {
    my ($token) = @_;
    my @sent = defined $token ? (Authorization => "Bearer $token") : ();
    return $agent->request(GET $world->{api_url}, @sent)->code;
}

# Ends the credential `doomed`, and returns once that is acknowledged.
sub revoke_credential {
    my @command = @{ $world->{revoke_command} };
    open my $output, '-|', @command or croak "no command: $!";
    my @lines = <$output>;
    close $output or croak "the command failed: @lines";
    return;
}

# Ends a token early, behind the library's back (RFC 7009).
sub kill_token {
    my ($token, $id, $secret) = @_;
    my $form = { token => $token, client_id => $id, client_secret => $secret };
    $agent->request(POST $world->{metadata}{revocation_endpoint}, $form);
    refused_in_time($token);
    return;
}

# Waits until the API refuses the token, and fails if that takes too long.
sub refused_in_time {
    my ($token) = @_;
    my $since = time;
    while ((my $status = api_status($token)) != 401) {
        my $took = time - $since;
        expect($took < $world->{revoked_within_s}, "the API still answers $status after $took s");
    }
    return;
}

# A token without any library, for those that only verify.
sub plain_token {
    my ($audience) = @_;
    my ($id, $secret) = login('several');
    my $form = {
        grant_type => 'client_credentials', client_id => $id, client_secret => $secret,
        audience => $audience,
    };
    my $answer = $agent->request(POST $world->{metadata}{token_endpoint}, $form);
    return $json->decode($answer->content)->{access_token};
}

# Answers every case that the world asks for, one JSON line each.
sub run {
    my ($version, $cases) = @_;
    open my $file, '<:raw', $ARGV[0] or croak "no world: $!";
    local $/ = undef;
    $world = $json->decode(<$file>);
    close $file;
    STDOUT->autoflush(1);
    say $json->encode({ version => "$version" });
    for my $name (@{ $world->{cases} }) {
        my $act = $cases->{$name} or next;
        say $json->encode({ case => $name, verdict($act) });
    }
    return;
}

sub verdict {
    my ($act) = @_;
    local $/ = "\n";
    return (verdict => 'ok') if eval { $act->(); 1 };
    my $error = $@;
    if (ref $error eq 'HASH' && $error->{not_supported}) {
        return (verdict => 'not-supported', detail => $error->{not_supported});
    }
    return (verdict => 'failed', detail => "$error");
}

1;
