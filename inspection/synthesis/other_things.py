"""Names of things that are not rendered: the difference between the states is to be learnt, not the noun."""

from __future__ import annotations

# fmt: off

OTHER_NOUNS = (
    # machine elements and metal goods
    "bearing", "ball bearing", "spring", "coil spring", "leaf spring", "pin", "dowel pin", "cotter pin", "rivet",
    "shaft", "axle", "crankshaft", "camshaft", "piston", "piston rod", "cylinder", "cylinder head", "engine block",
    "valve", "valve seat", "nozzle", "manifold", "pump", "turbine blade", "propeller", "rotor", "stator", "brake pad",
    "brake disc", "clutch plate", "wheel", "wheel rim", "tyre", "tire", "chain", "chain link", "hook", "hinge",
    "bushing", "sleeve", "collar", "coupling", "clamp", "hose clamp", "circlip", "nail", "staple", "hose", "pipe",
    "tube", "pipe fitting", "elbow", "tee joint", "faucet", "tap", "wire", "wire mesh", "steel rope", "welding seam",
    "weld", "solder joint", "rail", "beam", "girder", "extrusion", "profile", "ingot", "slab", "forging",
    "crane hook", "blade", "saw blade", "drill bit", "milling cutter", "razor blade", "knife", "scissors", "wrench",
    "hammer", "screwdriver", "file", "lock", "key", "padlock", "door handle", "handle", "knob", "lever", "crank",
    # plastics, packaging, vehicles
    "bottle", "jar", "jug", "can", "beverage can", "tin", "lidded box", "box", "carton", "crate", "barrel", "drum",
    "canister", "pallet", "bag", "sachet", "blister pack", "label", "sticker", "barcode", "tray", "cup", "mug",
    "bowl",
    "comb", "brush", "pen", "pencil", "ruler", "button", "zipper", "clip", "paper clip",
    "bumper", "car door", "fender", "bonnet", "headlight", "mirror", "windscreen", "dashboard trim", "keyboard",
    "remote control", "phone", "phone screen", "housing shell", "enclosure", "toy brick", "helmet", "o-ring", "seal",
    "rubber band", "rubber mat", "foam block", "grommet", "diaphragm", "membrane", "film", "foil", "tape",
    "adhesive strip",
    # electronics and optics
    "cable", "plug", "socket", "connector", "usb connector", "capacitor", "resistor", "transistor", "inductor",
    "coil",
    "transformer", "relay", "switch", "fuse", "battery", "battery cell", "solar cell", "solar panel", "silicon die",
    "integrated circuit", "microchip package", "led", "lamp", "light bulb", "display", "screen", "sensor", "camera",
    "antenna", "heat sink", "fan", "motor", "electric motor", "loudspeaker", "magnet", "ferrite core", "lens",
    "prism", "optical window", "spectacles", "watch", "watch glass", "coin", "medal", "jewel", "wedding band",
    # glass, ceramics, stone, building
    "glass", "glass bottle", "window pane", "vial", "ampoule", "syringe", "test tube", "tile", "floor tile", "brick",
    "roof tile", "concrete wall", "pavement", "road", "marble slab", "granite", "pot", "porcelain plate", "vase",
    "pillar", "wall", "ceiling", "door", "window frame", "fence", "paint", "painted wall", "varnish", "lacquer",
    "coating", "wallpaper", "carpet", "rug", "grid", "mesh", "paper", "sheet of paper", "cardboard", "newspaper",
    "book",
    # medicine and food, things of nature
    "tablet", "pill", "capsule", "implant", "hip joint", "bandage", "mask", "glove", "catheter", "stent",
    "contact lens",
    "apple", "pear", "orange fruit", "banana", "potato", "tomato", "carrot", "onion", "egg", "eggshell", "nutshell",
    "hazelnut", "almond", "walnut", "peanut", "bean", "coffee bean", "rice grain", "corn", "bread", "loaf", "cake",
    "chocolate bar", "candy", "cheese", "sausage", "fish", "shell", "leaf", "flower", "seed", "stone", "pebble",
    "rock",
    "ice", "bone", "bird", "horn", "log", "bark", "trunk", "straw",
    # clothing and furniture
    "shoe", "sole", "belt", "strap", "jacket", "shirt", "sock", "hat", "sofa", "chair", "table", "table top", "shelf",
    "drawer", "rope", "yarn", "net", "felt", "curtain", "towel", "mattress", "pillow", "suitcase", "wallet", "saddle",
)
