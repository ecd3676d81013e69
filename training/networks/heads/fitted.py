"""Heads that scikit-learn fits: support vector machines and random forests on features."""

from typing import Any

import numpy as np

from damage.errors import Refused
from damage.messages import Message as _
from training.networks.heads.classifiers import Classifier
from training.networks.heads.labelled import Labelled
from training.networks.heads.linear import LinearHead, standardisation
from training.networks.heads.parameters import ForestParameters, SvmParameters


def svm_head(train: Labelled, parameters: SvmParameters, *, seed: int) -> LinearHead | Classifier:
    """A support vector machine on standardised features, both answers weighing the same; linear where its kernel is.

    Its distances become probabilities as in Platt 1999, "Probabilistic outputs for support vector machines", fitted on
    training crops whose ground the machine had not seen, by cross-validation.
    """
    scaler = _scaler(train.features)
    standardised = scaler.transform(train.features.astype(np.float64))
    if parameters.kernel == "rbf":
        machine, slope, offset = _calibrated(standardised, train, parameters, seed)
        return Classifier(_pipeline(scaler, machine), slope, offset)
    share = (
        train.features.shape[1] ** -0.5
    )  # as "rbf" has it by itself: the penalty means the same for 8 and 2,000
    machine, slope, offset = _calibrated(standardised * share, train, parameters, seed)
    weights, bias = slope * share * machine.coef_[0], slope * float(machine.intercept_[0]) + offset
    return LinearHead(scaler.mean_, scaler.var_, weights, bias)


def forest_head(train: Labelled, parameters: ForestParameters, *, seed: int) -> Classifier:
    """A random forest (Breiman 2001) in which both answers weigh the same; the same seed gives the same trees."""
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(
        parameters.trees,
        min_samples_leaf=parameters.least_in_leaf,
        class_weight="balanced",
        random_state=seed,
        n_jobs=1,
    )
    return Classifier(forest.fit(train.features, train.is_positive))


def as_classifier(head: LinearHead | Classifier) -> Classifier:
    """The head as scikit-learn has it: a linear one becomes a logistic regression of the same weights."""
    if isinstance(head, Classifier):
        return head
    from sklearn.linear_model import LogisticRegression

    weights, bias = head.folded()
    model = LogisticRegression()
    model.classes_ = np.array([False, True])
    model.coef_, model.intercept_ = weights[None], np.array([bias])
    return Classifier(model)


def _calibrated(
    features: np.ndarray, train: Labelled, parameters: SvmParameters, seed: int
) -> tuple[Any, float, float]:
    """The machine, and slope and offset of the logit in its distances."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.svm import SVC

    rarest = int(np.bincount(train.is_positive.astype(int), minlength=2).min())
    if rarest < 2:
        raise Refused(
            _(
                "A support vector machine needs two training crops of either answer to learn how sure it may be."
            ),
            _("Tag more crops, or choose another head."),
        )
    folds = _folds(train, min(parameters.folds, rarest), seed)
    machine = SVC(kernel=parameters.kernel, C=parameters.penalty)
    fitted = CalibratedClassifierCV(machine, ensemble=False, cv=folds).fit(
        features, train.is_positive, sample_weight=train.weights
    )
    (whole,) = fitted.calibrated_classifiers_
    (sigmoid,) = whole.calibrators  # 1 / (1 + exp(a distance + b))
    slope, offset = -float(sigmoid.a_), -float(sigmoid.b_)
    # Of a few crops the folds may tell less than chance: then the distances as they are, rather than turned round.
    return (whole.estimator, slope, offset) if slope > 0 else (whole.estimator, 1.0, 0.0)


def _folds(train: Labelled, count: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to learn from and rows left out, so many times; crops of one ground, such as before and after, together."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    answers, grounds = train.is_positive, train.grounds
    if grounds is not None and len(np.unique(grounds)) < len(grounds):
        of_rarest = min(len(np.unique(grounds[answers == answer])) for answer in (True, False))
        if of_rarest > 1:
            together = StratifiedGroupKFold(min(count, of_rarest), shuffle=True, random_state=seed)
            return list(together.split(train.features, answers, grounds))
    return list(StratifiedKFold(count, shuffle=True, random_state=seed).split(train.features, answers))


def _scaler(features: np.ndarray) -> Any:
    """Scikit-learn's scaler with this project's mean and variance."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(features)
    scaler.mean_, scaler.var_ = standardisation(features)
    scaler.scale_ = np.sqrt(scaler.var_)
    return scaler


def _pipeline(scaler: Any, machine: Any) -> Any:
    from sklearn.pipeline import make_pipeline

    return make_pipeline(scaler, machine)
