# Crypt::JWT, over CryptX.
use v5.30;
use warnings;

use FindBin;
use lib $FindBin::Bin;

# example
use Crypt::JWT qw(decode_jwt);

sub verified {
    my ($token, $keys, $issuer, $audience, $algorithm) = @_;
    my ($header, $claims) = decode_jwt(
        token => $token, kid_keys => $keys, accepted_alg => $algorithm, decode_header => 1,
        verify_iss => $issuer, verify_aud => $audience, verify_exp => 1, leeway => 0);
    die "JWT: it is no access token\n" unless ($header->{typ} // '') eq 'at+jwt';
    return $claims; # $keys = the JWKS, as text or hash
}
# end

use Time::HiRes qw(sleep);

use Peer;

# How often a verifier asks for a token during the rotation: all of them are the load.
my $EVERY_S = 0.2;
my $ROTATED_WITHIN_S = 120;
# Verified after the new keys sign.
my $AFTERWARDS = 5;
my @ALGORITHMS = qw(ES256 RS256 EdDSA);

my $keys = { keys => [] };

# Reads them again for one that is not among them.
sub keys_for {
    my ($token) = @_;
    my $kid = Peer::header($token)->{kid};
    if (!grep { $_->{kid} eq $kid } @{ $keys->{keys} }) {
        $keys = Peer::json_of(Peer::get(Peer::world->{metadata}{jwks_uri}));
    }
    return $keys;
}

sub verify {
    my ($token, $audience, $algorithm) = @_;
    return verified($token, keys_for($token), Peer::world->{issuer}, $audience, $algorithm);
}

sub api_of {
    my ($algorithm) = @_;
    my ($api) = grep { $_->{algorithm} eq $algorithm } @{ Peer::world->{apis} };
    return $api->{audience};
}

sub signed {
    my ($algorithm) = @_;
    return sub {
        my $token = Peer::plain_token(api_of($algorithm));
        my $claims = verify($token, api_of($algorithm), $algorithm);
        Peer::expect_equal('typ', Peer::header($token)->{typ}, 'at+jwt');
        Peer::expect_equal('alg', Peer::header($token)->{alg}, $algorithm);
        Peer::expect_equal('iss', $claims->{iss}, Peer::world->{issuer});
    };
}

sub expect_refusal {
    my ($token, $audience) = @_;
    die "the token was taken for good\n" if eval { verify($token, $audience, 'ES256'); 1 };
    # All of its errors begin so.
    die $@ unless $@ =~ /\AJW[ST]: /;
    return;
}

sub refused {
    my ($change, $audience) = @_;
    return sub {
        my $token = Peer::plain_token(Peer::world->{api}{audience});
        expect_refusal($change->($token), Peer::world->{$audience}{audience});
    };
}

# One character changed in the middle of the signature: the last one may hold unused bits.
sub with_changed_signature {
    my ($token) = @_;
    my $at = rindex($token, '.') + 40;
    substr $token, $at, 1, (substr($token, $at, 1) eq 'A' ? 'B' : 'A');
    return $token;
}

sub look {
    my %tokens;
    for my $algorithm (@ALGORITHMS) {
        $tokens{$algorithm} = Peer::plain_token(api_of($algorithm));
        verify($tokens{$algorithm}, api_of($algorithm), $algorithm);
    }
    return \%tokens;
}

# Verifies while the keys change, from before the first new one to after the last old one.
sub rotation {
    my $first = look();
    open my $ready, '>', Peer::world->{ready_file} or die "$!";
    close $ready;
    my $until = time + $ROTATED_WITHIN_S;
    while (!-e Peer::world->{rotated_file}) {
        Peer::expect(time < $until, 'the keys were not rotated in time');
        look();
        sleep $EVERY_S;
    }
    my $last;
    $last = look() for 1 .. $AFTERWARDS;
    for my $algorithm (@ALGORITHMS) {
        my ($old, $young) = map { Peer::header($_->{$algorithm})->{kid} } $first, $last;
        Peer::expect($old ne $young, "$algorithm: still the same key");
        verify($first->{$algorithm}, api_of($algorithm), $algorithm);
    }
    return;
}

Peer::run($Crypt::JWT::VERSION, {
    'verify-es256' => signed('ES256'),
    'verify-rs256' => signed('RS256'),
    'verify-eddsa' => signed('EdDSA'),
    'claims' => sub {
        my $token = Peer::plain_token(Peer::world->{api}{audience});
        my $claims = verify($token, Peer::world->{api}{audience}, 'ES256');
        Peer::expect_equal($_, $claims->{$_}, (Peer::login('several'))[0]) for qw(sub client_id);
        Peer::expect_equal('scope', $claims->{scope}, join ' ', @{ Peer::world->{api}{scopes} });
        Peer::expect_equal('aud', $claims->{aud}, Peer::world->{api}{audience});
        Peer::expect(length $claims->{jti}, 'there is no jti');
        Peer::expect_equal('exp - iat', $claims->{exp} - $claims->{iat}, 86_400);
    },
    'other-audience' => refused(sub { return $_[0] }, 'other_api'),
    'changed-token' => refused(\&with_changed_signature, 'api'),
    'other-key' => refused(sub { return Peer::with_kid($_[0], 'unheard-of') }, 'api'),
    'expired' => sub {
        my $audience = Peer::world->{short_api}{audience};
        # That it is a good one but for its age, a fresh one shows.
        verify(Peer::plain_token($audience), $audience, 'ES256');
        expect_refusal(Peer::world->{expired_token}, $audience);
    },
    'wrong-type' => sub {
        my $audience = Peer::world->{legacy_api}{audience};
        expect_refusal(Peer::plain_token($audience), $audience);
    },
    'rotation' => \&rotation,
});
