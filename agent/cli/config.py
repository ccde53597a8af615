"""What many commands begin with: the configuration, and the running daemon's answer."""

from pathlib import Path
from typing import Any

import click

from agent.config.till import TillConfig
from agent.errors import ConfigurationError

DEFAULT_CONFIG = "/etc/loyalty-agent/loyalty-agent.toml"
config_option = click.option(
    "--config", "config_path", type=click.Path(path_type=Path), default=DEFAULT_CONFIG, show_default=True
)


def load_config(path: Path) -> TillConfig:
    """Read and check the configuration, readers and number ranges included."""
    from agent.config.load import load  # noqa: PLC0415

    config, _ = load(path, TillConfig)
    refuse_bad_readers(config)
    return config


def refuse_bad_readers(config: TillConfig) -> None:
    """Raise ConfigurationError naming every mistake of readers and number ranges."""
    from agent.daemon.readers import mistakes_of  # noqa: PLC0415

    if mistakes := mistakes_of(config.device, config.numbers):
        raise ConfigurationError(
            "readers: " + "; ".join(mistakes), remedy="correct [[device]] and [[numbers]]"
        )


def ask_daemon(config_path: Path, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """Ask the running daemon over its admin door."""
    from agent.daemon.ask import ask  # noqa: PLC0415

    return ask(Path(load_config(config_path).paths.run) / "admin.sock", method, path, body)
