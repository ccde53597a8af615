"""Real device parts where there are no devices: a guest with its own kernel, pcscd with a virtual card."""
