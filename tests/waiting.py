"""How long a test waits for what must come. Hosts under load are slow, and only a test that fails waits so long."""

PATIENCE = 120.0
