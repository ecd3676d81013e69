"""Table 1 of Dawid and Skene (1979): 45 patients judged 1 to 4 by five anaesthetists, thrice by the first."""

RATINGS = """
111 1 1 1 1|333 4 3 3 4|112 2 1 2 2|222 3 1 2 1|222 3 2 2 2|222 3 3 2 2|122 2 1 1 1|333 3 4 3 3|222 2 2 2 3
232 2 2 2 3|444 4 4 4 4|222 3 3 4 3|111 1 1 1 1|222 3 2 1 2|121 1 1 1 1|111 2 1 1 1|111 1 1 1 1|111 1 1 1 1
222 2 2 2 1|222 1 3 2 2|222 2 2 2 2|222 2 2 2 1|222 3 2 2 2|221 2 2 2 2|111 1 1 1 1|111 1 1 1 1|232 2 2 2 2
111 1 1 1 1|111 1 1 1 1|112 1 1 2 1|111 1 1 1 1|333 3 2 3 3|111 1 1 1 1|222 2 2 2 2|222 3 2 3 2|433 4 3 4 3
221 2 2 3 2|232 3 2 3 3|333 3 4 3 2|111 1 1 1 1|111 1 1 1 1|121 2 1 1 1|232 2 2 2 2|121 1 1 1 1|222 2 2 2 2
"""
# Table 2: the shares of the four classes, and what the first anaesthetist says of patients of each.
CLASS_SHARES = [0.40, 0.42, 0.11, 0.07]
FIRST_ANAESTHETIST = [
    [0.89, 0.11, 0.00, 0.00],
    [0.07, 0.88, 0.05, 0.00],
    [0.00, 0.34, 0.66, 0.00],
    [0.00, 0.00, 0.56, 0.44],  # of patients 2, 11 and 36: five times 3, four times 4
]


def ratings() -> list[tuple[int, int, str]]:
    """(patient, anaesthetist, rating)."""
    patients = RATINGS.strip().replace("\n", "|").split("|")
    return [
        (number, anaesthetist, rating)
        for number, patient in enumerate(patients, start=1)
        for anaesthetist, given in enumerate(patient.split(), start=1)
        for rating in given
    ]
