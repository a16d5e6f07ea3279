//! What the authenticator signs (§6.1): for which site, whether its owner was there, how often it
//! has signed, and, when it has just made a passkey, its public key.

use aws_lc_rs::digest::{SHA256, digest};

use super::{NoPasskey, Site, cbor::Value};

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_KEY: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

#[derive(Debug)]
pub(super) struct Data<'a> {
    site_hash: &'a [u8; 32],
    flags: u8,
    pub(super) counter: u32,
    pub(super) made: Option<Made<'a>>,
}

/// A passkey that was just made (§6.5.1).
#[derive(Debug)]
pub(super) struct Made<'a> {
    pub(super) id: &'a [u8],
    /// In COSE.
    pub(super) key: &'a [u8],
}

impl<'a> Data<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, NoPasskey> {
        const BAD: NoPasskey = NoPasskey::Malformed("authenticator data");
        let (site_hash, rest) = bytes.split_first_chunk::<32>().ok_or(BAD)?;
        let (&[flags], rest) = rest.split_first_chunk::<1>().ok_or(BAD)?;
        let (counter, mut rest) = rest.split_first_chunk::<4>().ok_or(BAD)?;
        let mut made = None;
        if flags & HAS_KEY != 0 {
            let (_model, after) = rest.split_first_chunk::<16>().ok_or(BAD)?;
            let (length, after) = after.split_first_chunk::<2>().ok_or(BAD)?;
            let (id, after) =
                after.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(BAD)?;
            let (_, end) = Value::read(after)?;
            let key = &after[..after.len() - end.len()];
            made = Some(Made { id, key });
            rest = end;
        }
        if flags & HAS_EXTENSIONS != 0 {
            rest = Value::read(rest)?.1;
        }
        if !rest.is_empty() {
            return Err(BAD);
        }
        Ok(Self { site_hash, flags, counter: u32::from_be_bytes(*counter), made })
    }

    pub(super) fn check(&self, site: Site<'_>) -> Result<(), NoPasskey> {
        if self.site_hash != digest(&SHA256, site.id.as_bytes()).as_ref() {
            return Err(NoPasskey::Other("site"));
        }
        // A passkey is the only proof that is asked for, so it must be two: having and knowing.
        if self.flags & USER_PRESENT == 0 || self.flags & USER_VERIFIED == 0 {
            return Err(NoPasskey::NotVerified);
        }
        if self.is_backed_up() && self.flags & BACKUP_ELIGIBLE == 0 {
            return Err(NoPasskey::Malformed("flags"));
        }
        Ok(())
    }

    pub(super) fn is_backed_up(&self) -> bool {
        self.flags & BACKED_UP != 0
    }
}
