//! Delta Lake tables by delta-rs: the log is read and written here, the data files are ours.

#[repr(C)]
pub struct Api {}

pub const API: Api = Api {};
