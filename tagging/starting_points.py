"""Questions to start from, in both languages: an admin changes of them what is different. Pure."""

from typing import Any


def _answer(text: str, text_es: str, counts_as: str) -> dict[str, str]:
    return {"text": text, "text_es": text_es, "counts_as": counts_as}


DAMAGE = {
    "name": "Damage: yes or no",
    "name_es": "Daño: sí o no",
    "text": "Is there earthquake damage?",
    "text_es": "¿Hay daños por el sismo?",
    "hint": "Damage: a collapsed or leaning building, a fallen roof, walls in the street, rubble where a house stood.\n"
    "Not damage: building sites, heaps of gravel or sand, market stalls, tents, old ruins with plants in them.",
    "hint_es": "Daño: un edificio derrumbado o inclinado, un techo caído, muros en la calle, escombros donde había una "
    "casa.\nNo es daño: obras, montones de grava o arena, puestos de mercado, tiendas de campaña, ruinas antiguas con "
    "plantas.",
    "crop_size_m": 15,
    "answers": [_answer("Damage", "Daño", "positive"), _answer("No damage", "Sin daño", "negative")],
}
# The grades of the Copernicus Emergency Management Service's rapid mapping.
COPERNICUS = {
    "name": "Grades of Copernicus",
    "name_es": "Grados de Copernicus",
    "text": "How damaged is the building?",
    "text_es": "¿Qué tan dañado está el edificio?",
    "hint": "Possibly damaged: something is wrong, but you cannot be sure.\nDamaged: part of the roof or of a wall is "
    "gone, or there is rubble beside it.\nDestroyed: all of it, or most of it, has collapsed.",
    "hint_es": "Posiblemente dañado: algo anda mal, pero no se puede asegurar.\nDañado: falta parte del techo o de un "
    "muro, o hay escombros al lado.\nDestruido: se derrumbó todo o casi todo.",
    "crop_size_m": 15,
    "answers": [
        _answer("No visible damage", "Sin daño visible", "negative"),
        _answer("Possibly damaged", "Posiblemente dañado", "neither"),
        _answer("Damaged", "Dañado", "positive"),
        _answer("Destroyed", "Destruido", "positive"),
    ],
}
# European Macroseismic Scale 1998, ed. G. Grünthal: classification of damage. From above, grades 1 and 2 hardly show.
EMS_98 = {
    "name": "EMS-98, grades 1 to 5",
    "name_es": "EMS-98, grados 1 a 5",
    "text": "Which grade of damage (EMS-98)?",
    "text_es": "¿Qué grado de daño (EMS-98)?",
    "hint": "1: negligible to slight, fine cracks.\n2: moderate, cracks in many walls, fallen chimneys and tiles.\n"
    "3: substantial to heavy, wide cracks, many tiles are off.\n4: very heavy, walls have failed, roofs and floors in "
    "part.\n5: destruction, all or nearly all has collapsed.",
    "hint_es": "1: de despreciable a ligero, fisuras finas.\n2: moderado, grietas en muchos muros, cayeron chimeneas y "
    "tejas.\n3: de sustancial a grave, grietas anchas, faltan muchas tejas.\n4: muy grave, fallaron muros y en parte "
    "techos y pisos.\n5: destrucción, colapso total o casi total.",
    "crop_size_m": 15,
    "answers": [
        _answer("Grade 1", "Grado 1", "negative"),
        _answer("Grade 2", "Grado 2", "neither"),
        _answer("Grade 3", "Grado 3", "positive"),
        _answer("Grade 4", "Grado 4", "positive"),
        _answer("Grade 5", "Grado 5", "positive"),
    ],
}
WATER = {
    "name": "Water: yes or no",
    "name_es": "Agua: sí o no",
    "text": "Is there water?",
    "text_es": "¿Hay agua?",
    "hint": "Water: rivers, ponds, pools, flooded streets and fields.\nNot water: shadows, blue roofs, wet asphalt.",
    "hint_es": "Agua: ríos, estanques, piscinas, calles y campos inundados.\nNo es agua: sombras, techos azules, "
    "asfalto mojado.",
    "crop_size_m": 15,
    "answers": [_answer("Water", "Agua", "positive"), _answer("No water", "Sin agua", "negative")],
}
STARTING_POINTS: tuple[dict[str, Any], ...] = (DAMAGE, COPERNICUS, EMS_98, WATER)
