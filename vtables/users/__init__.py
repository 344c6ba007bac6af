"""Accounts, logins, keys and what users typed."""
