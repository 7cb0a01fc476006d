"""Figures as matplotlib objects."""

import pytest


@pytest.fixture
def drawn(monkeypatch):
    """The figures, as matplotlib objects; everything in them must be inside the picture."""
    from matplotlib.figure import Figure

    figures, saved = [], Figure.savefig

    def kept(figure, *arguments, **options):
        figures.append(figure)
        saved(figure, *arguments, **options)
        box, (wide, high) = figure.get_tightbbox(), figure.get_size_inches()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= wide and box.y1 <= high

    monkeypatch.setattr(Figure, "savefig", kept)
    return figures
