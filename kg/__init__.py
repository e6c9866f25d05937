"""Knowledge graphs from Chinese institutional and corporate text, every fact with its evidence."""

__version__ = "0.1.0"
