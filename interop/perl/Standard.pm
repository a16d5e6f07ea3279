# The cases of a client library, made of what the library does: how it fetches a token, and what its
# errors are. It must never fetch a token by itself where the library is to be tested.
package Standard;

use v5.30;
use warnings;

use Peer;

my %REASONS = (
    'discover-oauth' => 'it reads no metadata',
    'discover-openid' => 'it reads no metadata',
    'token-auto' => 'one says which way',
    'token-json' => 'it only sends forms',
    'token-empty-body' => 'it always sends grant_type',
    'token-http2' => 'LWP speaks HTTP/1.1 only',
    'reuse' => 'it keeps no token',
    'renew' => 'it keeps no token',
    'unsupported-grant' => 'it names no grant but its own',
    'introspect' => 'it has no helper for introspection',
    'revoke-token' => 'it has no helper for revocation',
);

# All cases of a library:
# - `fetch` is called with (id, secret, way, asked) and gives what the library tells of the answer,
#   at least `access_token`; `asked` has `scope` and whatever else is sent;
# - `code` finds the error code in the library's own error, and nothing in others;
# - `more` has cases beyond these, or instead of them; a text is why there is none.
sub table {
    my (%library) = @_;
    my $usual = 'basic';
    my $fetch = $library{fetch};

    my $token = sub {
        my ($way, $scope) = @_;
        return sub {
            my $answer = $fetch->(Peer::login(), $way, { $scope ? (scope => $scope) : () });
            good($answer, $scope);
        };
    };
    my $other_api = sub {
        my ($parameter) = @_;
        return sub {
            my $audience = Peer::world->{other_api}{audience};
            my $answer = $fetch->(Peer::login('several'), $usual, { $parameter => $audience });
            Peer::expect_equal('aud', Peer::claims($answer->{access_token})->{aud}, $audience);
        };
    };
    my $refused = sub {
        my ($code, $login, $way, $asked) = @_;
        return sub {
            expect_code($library{code}, $code, sub { $fetch->($login->(), $way, $asked // {}) });
        };
    };
    my $plain = sub { Peer::login() };
    my $wrong = sub { Peer::wrong_login() };

    my %cases = (
        (map { $_ => Peer::not_supported($REASONS{$_}) } keys %REASONS),
        'token-basic' => $token->('basic'),
        'token-post' => $token->('post'),
        'scope-given' => $token->($usual, 'books:read'),
        'scope-omitted' => $token->($usual),
        'audience' => $other_api->('audience'),
        'resource' => $other_api->('resource'),
        'imported-secret' => sub {
            for my $way (qw(basic post)) {
                my $answer = $fetch->(Peer::login('imported'), $way, {});
                my $wanted = (Peer::login('imported'))[0];
                Peer::expect_equal("sub ($way)", Peer::claims($answer->{access_token})->{sub}, $wanted);
            }
        },
        'wrong-secret-basic' => $refused->('invalid_client', $wrong, 'basic'),
        'wrong-secret-post' => $refused->('invalid_client', $wrong, 'post'),
        'unknown-scope' => $refused->('invalid_scope', $plain, $usual, { scope => 'books:burn' }),
        'unknown-audience' =>
            $refused->('invalid_target', $plain, $usual, { audience => 'https://no.example.com' }),
        'paused' => $refused->('invalid_client', sub { Peer::login('paused') }, $usual),
        'call' => sub {
            my $text = $fetch->(Peer::login(), $usual, {})->{access_token};
            Peer::expect_equal('status', Peer::api_status($text), 200);
            Peer::expect_equal('status without token', Peer::api_status(undef), 401);
        },
        'early-death' => sub {
            my $text = $fetch->(Peer::login(), $usual, {})->{access_token};
            Peer::expect_equal('status', Peer::api_status($text), 200);
            Peer::kill_token($text, Peer::login());
            my $next = $fetch->(Peer::login(), $usual, {})->{access_token};
            Peer::expect_equal('status of the next token', Peer::api_status($next), 200);
        },
        'revoke-credential' => sub {
            my $text = $fetch->(Peer::login('doomed'), $usual, {})->{access_token};
            Peer::expect_equal('status', Peer::api_status($text), 200);
            Peer::revoke_credential();
            Peer::refused_in_time($text);
            $refused->('invalid_client', sub { Peer::login('doomed') }, $usual)->();
        },
    );
    my $more = $library{more} // {};
    for my $name (keys %$more) {
        $cases{$name} = ref $more->{$name} ? $more->{$name} : Peer::not_supported($more->{$name});
    }
    return \%cases;
}

# Checks a token answer: RFC 6749 §5.1, and 24 hours.
sub good {
    my ($answer, $scope) = @_;
    my $claims = Peer::claims($answer->{access_token});
    # What a library does not tell, the token does.
    my $lives = $answer->{expires_in} // $claims->{exp} - $claims->{iat};
    Peer::expect_equal('token_type', lc($answer->{token_type} // 'bearer'), 'bearer');
    Peer::expect_equal('expires_in', $lives, 86_400);
    Peer::expect_equal('scope', $answer->{scope} // $claims->{scope},
        $scope // join ' ', @{ Peer::world->{api}{scopes} });
    Peer::expect_equal('aud', $claims->{aud}, Peer::world->{api}{audience});
    return;
}

# Checks that `act` is refused, by the library's own error.
sub expect_code {
    my ($code_of, $wanted, $act) = @_;
    if (eval { $act->(); 1 }) {
        die "no error, although $wanted is due\n";
    }
    my $error = $@;
    my $code = $code_of->($error) // die $error;
    Peer::expect_equal('error', $code, $wanted);
    return;
}

1;
