//! What stands between processes, and can break: for the faults that are made here, and for the
//! tests of the binary.

pub mod line;
