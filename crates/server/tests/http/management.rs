//! Acts, as the dashboard, the management API and the command line call them.

mod credentials;
mod installation;
mod power;
mod roles;
mod sign_on;
