"""Ten patients with one fault each: the checkup names it, a cure removes it, and their scripts can be read."""

import ast
import random

import numpy as np
import pytest
import torch

import nnlab
from benchmarks.checkup import measure_cured, measure_healthy, measure_patient
from nnlab import clinic
from nnlab.analysis.clinic import healthy

every_patient = pytest.mark.parametrize("number", range(1, 11))


@every_patient
def test_the_fault_is_named(number):
    row = measure_patient(number, [4])
    assert row.ok, row
    assert row.measured == "1 of 1"


@every_patient
def test_the_cured_twin_raises_no_alarm(number):
    row = measure_cured(number, [3])
    assert row.ok, row
    assert row.measured == "0 in 1 reports"


def test_healthy_networks_at_other_seeds():
    row = measure_healthy("binary", range(2, 5))
    assert row.ok, row
    assert row.measured == "0 in 3 reports"


def test_there_is_one_patient_for_each_fault():
    assert sorted(clinic.patient(number).fault for number in range(1, 11)) == sorted(clinic.FAULTS)


@every_patient
def test_the_record_of_a_run(number):
    patient = clinic.patient(number, seed=1)
    before, history = torch.get_rng_state(), patient.history
    assert torch.equal(before, torch.get_rng_state())
    assert history.settings == {"seed": (1,)}
    assert history.val_accuracy.shape == (1, 11)
    assert history.evaluated[-1] == history.loss.shape[1]
    assert [p.shape[1:] for p in history.params.values()] == [p.shape for p in patient.model.parameters()]
    assert [layer.name for layer in patient.layers()] == [layer.name for layer in patient.layers(trained=True)]
    assert clinic.cure(patient).history.val_accuracy[0, -1] > 0.9


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 8])
def test_a_patient_does_not_learn(number):
    assert clinic.patient(number).history.val_accuracy[0, -1] < 0.6


@every_patient
def test_the_script_can_be_read_and_does_not_tell_the_fault(number):
    patient = clinic.patient(number)
    shown = repr(nnlab.show_source(patient))
    names = [node.name for node in ast.parse(shown).body]
    assert {"data", "network", "loss", "optimizer", "step", "predict"} <= set(names)
    assert '"""' not in shown
    for words in (*clinic.FAULTS, "patient", "healthy", "fault"):
        assert words.lower() not in shown.lower()
    assert len(shown.splitlines()) <= 60
    assert patient.fault not in repr(patient)


def test_a_treated_patient():
    patient = clinic.patient(3)
    treated = clinic.treat(patient, step=healthy.step)
    assert patient.checkup().diagnosis == "forgotten zero_grad"
    assert treated.checkup().diagnosis == "healthy"
    assert treated.history.val_accuracy[0, -1] > 0.9
    assert torch.equal(treated.model[0].weight, patient.model[0].weight)


@pytest.mark.parametrize("number", [2, 7])  # one ends in nan, one draws random numbers when it answers
def test_nothing_hangs_on_the_random_state_that_a_student_has_left(number):
    said = []
    for seed in (1, 2):
        for seed_of_a_library in (torch.manual_seed, np.random.seed, random.seed):
            seed_of_a_library(seed)
        patient = clinic.patient(number)
        weights = patient.model.state_dict().values()
        said.append((repr(patient.checkup()), patient.history.val_loss.tolist(), [w.tolist() for w in weights]))
    assert repr(said[0]) == repr(said[1])  # as text, for nan is not nan


def test_the_same_seed_gives_the_same_run():
    first, second = (clinic.patient(7, seed=2).history for _ in range(2))
    assert torch.equal(first.loss, second.loss)
    assert torch.equal(first.val_loss, second.val_loss)


def test_models_are_new_at_every_call():
    patient = clinic.patient(3)
    first = patient.model
    with torch.no_grad():
        first[0].weight.zero_()
    assert patient.model[0].weight.any()
    with torch.no_grad():
        patient.trained[0].weight.zero_()
    assert patient.trained[0].weight.any()


def test_bad_arguments(refused):
    with refused("11", "number"):
        clinic.patient(11)
    with refused("'three'", "number"):
        clinic.patient("three")
    with refused("-1", "seed"):
        clinic.patient(3, seed=-1)
    with refused("'stepp'", "part"):
        clinic.treat(clinic.patient(3), stepp=healthy.step)
    with refused("3", "step"):
        clinic.treat(clinic.patient(3), step=3)
