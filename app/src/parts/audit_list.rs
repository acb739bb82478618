//! The audit log as a list: for the provider everything, for a customer what concerns its own data.
