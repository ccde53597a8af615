"""`loyalty-agent programme try`: play a story of a programme, and show what came out."""

from pathlib import Path

import click

from agent.cli.output import EXIT_WRONG, errors_told

document = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("try")
@click.argument("story", type=document)
@click.option("--programme", "given", type=document, help="Its file; default: the shipped one of that name.")
@click.option("--show", is_flag=True, help="Print all that came out, in the words of a scenario.")
@errors_told
def try_story(story: Path, given: Path | None, *, show: bool) -> None:
    """Play the scenarios of STORY and hold every receipt against what it expects."""
    from agent.loyalty.read import load_programme  # noqa: PLC0415
    from agent.resources import shipped_programmes  # noqa: PLC0415
    from agent.scenario.parse import parse  # noqa: PLC0415
    from agent.scenario.report import difference, played  # noqa: PLC0415
    from agent.scenario.run import play  # noqa: PLC0415

    shipped = shipped_programmes()
    wrong = 0
    for scenario in parse(story.read_text(encoding="utf-8"), name=str(story)):
        file = given or shipped.get(scenario.programme)
        if file is None:
            known = ", ".join(shipped)
            raise click.UsageError(
                f"no shipped programme {scenario.programme!r}; name a file, or one of {known}"
            )
        outcomes = play(scenario, load_programme(file.read_bytes(), name=file.name))
        told = difference(scenario, outcomes)
        click.echo(told or f"ok: {scenario.title}")
        if show:
            click.echo(played(outcomes))
        wrong += bool(told)
    if wrong:
        raise SystemExit(EXIT_WRONG)
