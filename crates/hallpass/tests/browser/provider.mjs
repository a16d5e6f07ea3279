// An organization's own OpenID Connect provider: whoever types a name is that person, with an
// address at example.com. Says when it answers.
import Provider from "oidc-provider";

const [port, callback, secret] = process.argv.slice(2);
const provider = new Provider(`http://localhost:${port}`, {
  clients: [{ client_id: "hallpass", client_secret: secret, redirect_uris: [callback] }],
  claims: { email: ["email", "email_verified"], profile: ["name"] },
  pkce: { required: () => true },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.com`,
      email_verified: true,
      name: `${id} Example`,
    }),
  }),
});
provider.listen(port, () => console.log("The provider answers"));
