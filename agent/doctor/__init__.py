"""Look for what is wrong on this till and say what cures it; the first place for store IT."""

from agent.doctor.examine import examine
from agent.doctor.finding import Finding, worst

__all__ = ["Finding", "examine", "worst"]
