//! Acts of people on their own account: how they are called and how they prove who they are.
//! Nobody else can do any of it, not even an operator.

use hallpass_core::{
    Person,
    opaque::Opaque,
    person::{PasswordDigest, PersonStep, RECOVERY_CODES},
    text::Name,
};

use super::{Act, ManagementError, people, sessions::must_be};
use crate::entropy;

/// They are called otherwise.
pub async fn rename(act: &Act<'_>, person: &Person, name: Name) -> Result<Person, ManagementError> {
    take(act, person, PersonStep::Rename(name)).await
}

/// They set a password. Every session ends, also the one in which they do it.
pub async fn set_password(
    act: &Act<'_>,
    person: &Person,
    password: PasswordDigest,
) -> Result<Person, ManagementError> {
    take(act, person, PersonStep::SetPassword(password)).await
}

/// Recovery codes in place of the ones before: handed out once, then dropped.
pub async fn renew_recovery_codes(
    act: &Act<'_>,
    person: &Person,
) -> Result<Vec<Opaque>, ManagementError> {
    let codes: Vec<Opaque> =
        (0..RECOVERY_CODES).map(|_| Opaque::recovery_code(entropy::bytes())).collect();
    let digests = codes.iter().map(Opaque::digest).collect();
    take(act, person, PersonStep::SetRecoveryCodes(digests)).await?;
    Ok(codes)
}

/// Uses a recovery code up. `false` if it is none of the person's: whoever types a wrong one and
/// whoever types a used one learn the same.
pub async fn use_recovery_code(
    act: &Act<'_>,
    person: &Person,
    code: &Opaque,
) -> Result<bool, ManagementError> {
    use hallpass_core::Conflict::UsedUp;
    // Only what may be right is written: a transaction takes longer than none, and would tell a
    // stranger who has an account.
    if !person.recovery_codes.contains(&code.digest()) {
        return Ok(false);
    }
    match take(act, person, PersonStep::UseRecoveryCode(code.digest())).await {
        Ok(_) => Ok(true),
        Err(ManagementError::Conflict(UsedUp(_))) => Ok(false),
        Err(why) => Err(why),
    }
}

async fn take(act: &Act<'_>, person: &Person, step: PersonStep) -> Result<Person, ManagementError> {
    must_be(act, person)?;
    people::change(act, person, step).await
}
