"""What the guard says of windows whose losses are as written down here."""

import math

import pytest
import torch

from automl_on_ray.trainables.hypergradients.course.guard import Guard, Point, Window

UNTRAINED = 2.0
SLOPE = 1.0  # so weights that have moved by more than 2 were promised all of the loss


class Landscape:
    """One weight; the loss is 2 at 0, which is the initial one, with a slope of 1, or as told."""

    def __init__(self, **told):
        self.told = {float(place.removeprefix("at_")): loss for place, loss in told.items()}

    def __call__(self, weights, batch):
        place = weights["w"]
        loss = self.told.get(place.item(), UNTRAINED)
        return loss + SLOPE * (place - place.detach())


def point(place, *, initial=0.0):
    return Point({"w": torch.tensor(float(place) + initial)}, {}, {}, {"rate": torch.zeros(())})


def window(begin, end, *losses, gradient=0.0):
    hyper = {"rate": torch.tensor(gradient)}
    return Window(point(begin), point(end), [None] * len(losses), losses, hyper)


def judged(*windows, restarts=3, **landscape):
    guard = Guard(point(0), restarts)
    return guard, [guard.trouble(one, Landscape(**landscape)) for one in windows]


def test_progress_is_no_trouble():
    _, found = judged(window(0, 3, 2.0, 1.8, 1.6), window(3, 6, 1.5, 1.4))
    assert found == [None, None]


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_trouble_at_once(loss):
    _, (found,) = judged(window(0, 1, 2.0, loss))
    assert found.what == "the loss is not finite"


def test_a_weight_or_a_hypergradient_that_is_not_finite_is_trouble_at_once():
    assert judged(window(0, math.nan, 2.0))[1][0].what == "a weight is not finite"
    broken = window(0, 1, 1.0, gradient=math.inf)
    assert judged(broken)[1][0].what == "a hypergradient is not finite"


def test_no_progress_is_trouble_at_the_second_time_where_weights_have_moved_far():
    guard, found = judged(window(0, 3, 2.0, 2.0), window(3, 4, 2.0, 2.1))
    assert found[0] is None
    assert found[1].what == "the loss is 2.05, and 2 untrained"
    assert guard.restart(found[1], "rate=1").weights == point(0).weights


def test_no_progress_is_none_where_weights_have_hardly_moved():
    _, found = judged(*(window(0, 1.9, 2.0, 2.1) for _ in range(9)))
    assert found == [None] * 9


def test_little_progress_after_a_leap_is_trouble_in_the_first_windows():
    leap = window(0, 7, 2.0, 1.8)
    assert judged(leap)[1][0] is not None
    assert judged(*(window(0, 1, 1.9) for _ in range(5)), leap)[1][-1] is None


def test_zeros_tell_what_untrained_is_where_the_initial_weights_were_trained_before():
    guard = Guard(point(1), 3)
    landscape = Landscape(at_1=0.1, at_0=UNTRAINED, at_5=0.5)
    found = [guard.trouble(window(place, 5, 0.5, 0.6), landscape) for place in (1, 5, 5)]
    assert found == [None] * 3
    lost = guard.trouble(window(5, 6, 1.9, 2.0), landscape)
    assert lost.what == "the loss has risen from 0.5 to 2"
    assert lost.back.weights == point(1).weights  # it was better


def test_half_of_the_gains_lost_in_two_windows_is_trouble():
    good = [window(0, 3, 1.8, 1.6), window(3, 5, 0.4), window(5, 6, 0.3)]
    landscape = {"at_3": 0.4, "at_5": 0.3, "at_6": 0.3}
    healthy = judged(*good, window(6, 8, 0.9, 1.0), at_8=1.0, **landscape)[1]
    assert healthy == [None] * 4
    guard, (*_, lost) = judged(*good, window(6, 8, 0.9, 1.2), at_8=1.3, **landscape)
    assert lost.what == "the loss has risen from 0.3 to 1.3"
    assert guard.restart(lost, "rate=1").weights == point(5).weights


def test_weights_that_have_shrunk_are_laid_to_decay():
    guard = Guard(point(4), 3)
    landscape = Landscape(at_4=UNTRAINED)
    found = [guard.trouble(window(4, 1.9, 2.0, 2.0), landscape) for _ in range(2)]
    assert found[0] is None
    assert found[1].too_large == "weight_decay"


def test_restarts_count_in_a_row_until_a_good_window():
    guard = Guard(point(0), 1)
    broken, good = window(0, 1, math.nan), window(0, 3, 1.0)
    assert guard.trouble(window(0, 1, 1.9), Landscape()) is None
    for _ in range(3):
        guard.restart(guard.trouble(broken, Landscape()), "rate=1")
        assert guard.trouble(good, Landscape(at_3=1.0)) is None
    assert guard.restarts == 3
    guard.restart(guard.trouble(broken, Landscape()), "rate=1")
    with pytest.raises(RuntimeError, match="after 1 restarts in a row: the loss is not finite, wi"):
        guard.restart(guard.trouble(broken, Landscape()), "rate=1")
