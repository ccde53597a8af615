"""The allowance protocol as models that Spin searches to the end, each with the rules it stands on."""
