"""`ports.Lake` on folders of this machine and on object stores."""
