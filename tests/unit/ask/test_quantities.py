"""Amounts: the kind that a question wants, and values of other kinds."""

import pytest

from kgqa.ask.quantities import suits


@pytest.mark.parametrize(
    ("question", "value", "row"),
    [
        ("How loud is the P350 in decibels?", "61 dB", "It makes 61 dB at one metre."),
        ("How loud is the P350 in decibels?", "61", "Noise dB: 61; Weight kg: 14"),
        ("How heavy is the P350?", "14 kg", "It weighs 14 kg."),
        ("How old is the plant?", "34", "The plant is 34 this year."),
        ("How many pumps can it control?", "4", "Pumps: 4"),
        ("How many months does the warranty last?", "30 months", "It lasts 30 months."),
        ("¿Cuántos meses dura la garantía?", "30 meses", "Dura 30 meses."),
        ("What is the list price in euros?", "18.40", "List price EUR: 18.40"),
        ("What is the flow?", "60 mm", "60 mm"),
    ],
)
def test_a_value_of_the_kind_that_is_asked_for_is_believed(question, value, row):
    assert suits(question, value, row, row) == 1.0


@pytest.mark.parametrize(
    ("question", "value", "row"),
    [
        ("How loud is the P350 in decibels?", "60 mm", "Leave 60 mm free."),
        ("How loud is the P350 in decibels?", "88", "Score: 88"),
        ("How heavy is the P350?", "70 °C", "It stands 70 °C."),
        ("How many pumps can it control?", "70 °C", "It stops at 70 °C."),
        ("How many pumps can it control?", "164", "Cost per claim EUR: 164"),
        ("How many months does the warranty last?", "48 Nm", "Tighten to 48 Nm."),
        ("¿Cuántas bombas controla?", "5 min", "Espere 5 min."),
    ],
)
def test_another_kind_of_amount_is_no_answer(question, value, row):
    assert suits(question, value, row, row) < 0.3
