"""The sample models: what builds each, its inputs and outputs, and the sizes it is counted at."""

import itertools
from dataclasses import dataclass, field
from functools import partial
from typing import Callable, Optional

import torchvision
from torch.fx.experimental.optimization import fuse

import generator_model
import nets_diffusion
import nets_sequence
import nets_vision
import static_quantizer

WORDS = ["batch", "sequence"]


@dataclass
class Model:
    """`inputs` and `outputs` map a name to its shape; a dimension given as text is dynamic."""

    build: Callable
    inputs: dict
    outputs: dict
    dims: dict = field(default_factory=lambda: {"batch": 1})  # what the dynamic ones are here
    tokens: dict = field(default_factory=dict)  # integer inputs, and the number they stay below
    note: str = ""
    documented_parameters: int = 0  # when torchvision publishes the number
    arguments: Callable = tuple  # the inputs as forward() takes them
    before_count: Optional[Callable] = None  # changes the network between export and count
    rewrite: Optional[Callable] = None  # changes the exported file


@dataclass
class Written:
    """A model of operators that PyTorch does not have: `write` makes the file, and its counts are
    those of the network named `counts_as`, which computes the same."""

    write: Callable
    counts_as: str
    dims: dict
    note: str


def classifier(build, size=224, **options):
    image = {"image": ["batch", 3, size, size]}
    return Model(build, image, {"logits": ["batch", 1000]}, **options)


def documented(name):
    return list(torchvision.models.get_model_weights(name))[0].meta["num_params"]


def from_torchvision(name, size=224, note="", **options):
    build = partial(torchvision.models.get_model, name, weights=None, **options)
    return classifier(build, size, note=note, documented_parameters=documented(name))


def segmentation(name, size=520):
    """The size is that of torchvision's own evaluation; there are 21 classes."""

    def build():
        model = torchvision.models.get_model(name, weights=None, weights_backbone=None)
        model.register_forward_hook(lambda module, inputs, outputs: outputs["out"])
        return model

    shape = ["batch", 3, size, size]
    has_auxiliary = not name.startswith("lraspp")
    note = "The documented number includes the auxiliary classifier that is used in training only."
    return Model(
        build,
        {"image": shape},
        {"mask": ["batch", 21, size, size]},
        documented_parameters=documented(name),
        note=note if has_auxiliary else "",
    )


FROZEN = "Documented is the network as trained: its normalisation is frozen, without parameters."


def detection(name, size, results=("boxes", "scores", "labels"), **options):
    """One image of a given size; how many boxes there are, the data decide."""
    return Model(
        partial(torchvision.models.get_model, name, weights=None, weights_backbone=None),
        {"image": [3, size, size]},
        {result: ["detections", 4][: 2 if result == "boxes" else 1] for result in results},
        dims={},
        documented_parameters=documented(name),
        arguments=lambda inputs: (list(inputs),),
        **options,
    )


def two_stage_detection(name, size):
    """The second stage runs on what the first proposes: counted on as much as there may be."""

    def keep_all_proposals(model):
        model.rpn.nms_thresh = 1.0

    return detection(
        name,
        size,
        results=("boxes", "labels", "scores"),
        before_count=keep_all_proposals,
        note="Counted with as many proposals as it keeps at most: the data decide. " + FROZEN,
    )


def cache(name, layers, heads, length):
    """Keys and values of all layers; `name` has places for "key" or "value" and for the layer."""
    shape = ["batch", heads, length, 64]
    pairs = itertools.product(range(layers), ("key", "value"))
    return {name.format(kind=kind, layer=layer): shape for layer, kind in pairs}


def gpt2_cache(prefix, length):
    return cache(prefix + "_{kind}_{layer}", 12, 12, length)


def vision():
    return {
        "alexnet": from_torchvision("alexnet"),
        "alexnet_caffe": classifier(nets_vision.CaffeAlexNet, 227),
        "vgg11": from_torchvision("vgg11"),
        "vgg13": from_torchvision("vgg13"),
        "vgg16": from_torchvision("vgg16"),
        "vgg19_bn": from_torchvision("vgg19_bn"),
        "resnet18": from_torchvision("resnet18"),
        "resnet34": from_torchvision("resnet34"),
        "resnet50": from_torchvision("resnet50"),
        "resnet50_v1": classifier(nets_vision.resnet50_v1),
        "resnet101": from_torchvision("resnet101"),
        "resnet101_v1d": classifier(nets_vision.resnet101_v1d),
        "resnet152": from_torchvision("resnet152"),
        "resnext50_32x4d": from_torchvision("resnext50_32x4d"),
        "wide_resnet50_2": from_torchvision("wide_resnet50_2"),
        "densenet121": from_torchvision("densenet121"),
        # The default initialisation of the next two takes a minute and is not needed here.
        "inception_v3": from_torchvision(
            "inception_v3",
            size=299,
            init_weights=False,
            note="The auxiliary classifier is used in training only and is not in the graph.",
        ),
        "googlenet": from_torchvision("googlenet", init_weights=False, aux_logits=False),
        "googlenet_caffe": classifier(nets_vision.CaffeGoogLeNet),
        "squeezenet1_0": from_torchvision("squeezenet1_0"),
        "squeezenet1_1": from_torchvision("squeezenet1_1"),
        "squeezenet1_1_caffe": from_torchvision("squeezenet1_1", size=227),
        "mnasnet1_0": from_torchvision("mnasnet1_0"),
        "mobilenet_v2": from_torchvision("mobilenet_v2"),
        "mobilenet_v3_small": from_torchvision("mobilenet_v3_small"),
        "mobilenet_v3_large": from_torchvision("mobilenet_v3_large"),
        "shufflenet_v2_x0_5": from_torchvision("shufflenet_v2_x0_5"),
        "shufflenet_v2_x1_0": from_torchvision("shufflenet_v2_x1_0"),
        "efficientnet_b0": from_torchvision("efficientnet_b0"),
        "efficientnet_b4": from_torchvision("efficientnet_b4", size=380),
        "efficientnet_v2_s": from_torchvision("efficientnet_v2_s", size=384),
        "regnet_y_400mf": from_torchvision("regnet_y_400mf"),
        "regnet_x_8gf": from_torchvision("regnet_x_8gf"),
        "convnext_tiny": from_torchvision("convnext_tiny"),
        "vit_b_16": from_torchvision("vit_b_16"),
        "vit_b_32": from_torchvision("vit_b_32"),
        "swin_t": from_torchvision(
            "swin_t", note="The index buffers of all blocks are equal; the exporter keeps one."
        ),
        "r3d_18": Model(
            partial(torchvision.models.get_model, "r3d_18", weights=None),
            {"video": ["batch", 3, 16, 112, 112]},
            {"logits": ["batch", 400]},
            documented_parameters=documented("r3d_18"),
        ),
        "mobilenet_v1": classifier(nets_vision.MobileNetV1),
        "shufflenet_v1_x0_5_g3": classifier(partial(nets_vision.ShuffleNetV1, 3, 0.5)),
        "shufflenet_v1_x0_5_g8": classifier(partial(nets_vision.ShuffleNetV1, 8, 0.5)),
        "resnet50_int8_qdq": classifier(
            lambda: fuse(torchvision.models.resnet50().eval()),
            rewrite=static_quantizer.quantize,
            note="ResNet-50 in 8 bits, its batch normalisation folded into the convolutions.",
        ),
    }


def dense_prediction():
    return {
        "deeplabv3_mobilenet_v3_large": segmentation("deeplabv3_mobilenet_v3_large"),
        "fcn_resnet50": segmentation("fcn_resnet50"),
        "lraspp_mobilenet_v3_large": segmentation("lraspp_mobilenet_v3_large"),
        "ssdlite320_mobilenet_v3_large": detection("ssdlite320_mobilenet_v3_large", 320),
        "retinanet_resnet50_fpn": detection("retinanet_resnet50_fpn", 800, note=FROZEN),
        "fasterrcnn_mobilenet_v3_large_320_fpn": two_stage_detection(
            "fasterrcnn_mobilenet_v3_large_320_fpn", 320
        ),
        "fasterrcnn_resnet50_fpn": two_stage_detection("fasterrcnn_resnet50_fpn", 800),
        "yolo_v8s": Model(
            nets_vision.YoloS,
            {"image": ["batch", 3, 640, 640]},
            {"boxes_and_scores": ["batch", 84, 8400]},
        ),
        "unet": Model(
            nets_vision.UNet, {"image": ["batch", 3, 256, 256]}, {"mask": ["batch", 1, 256, 256]}
        ),
        "dcgan_generator": Model(
            nets_vision.DcganGenerator,
            {"noise": ["batch", 100, 1, 1]},
            {"image": ["batch", 3, 64, 64]},
        ),
        "stable_diffusion_unet": Model(
            nets_diffusion.StableDiffusionUNet,
            {"sample": ["batch", 4, 64, 64], "timestep": ["batch"], "text": ["batch", 77, 768]},
            {"noise": ["batch", 4, 64, 64]},
        ),
    }


def bert(build, width):
    return Model(
        build,
        {"input_ids": WORDS, "attention_mask": WORDS, "token_type_ids": WORDS},
        {"last_hidden_state": [*WORDS, width], "pooler_output": ["batch", width]},
        dims={"batch": 1, "sequence": 128},
        tokens={"input_ids": 30522, "attention_mask": 2, "token_type_ids": 2},
    )


def language():
    tied = "The token embedding also makes the logits: one parameter, used twice."
    return {
        "bert_base": bert(nets_sequence.Bert, 768),
        "bert_large": bert(partial(nets_sequence.Bert, 1024, 16, 24), 1024),
        "gpt2_prefill": Model(
            nets_sequence.Gpt2,
            {"input_ids": WORDS},
            {"logits": [*WORDS, 50257], **gpt2_cache("present", "sequence")},
            dims={"batch": 1, "sequence": 128},
            tokens={"input_ids": 50257},
            note=tied,
        ),
        "gpt2_decode": Model(
            nets_sequence.Gpt2,
            {"input_ids": ["batch", 1], **gpt2_cache("past", "past")},
            {"logits": ["batch", 1, 50257], **gpt2_cache("present", "past + 1")},
            dims={"batch": 1, "past": 512},
            tokens={"input_ids": 50257},
            note=tied,
        ),
        "llama_decoder": Model(
            nets_sequence.Llama,
            {"input_ids": WORDS, **cache("past_{kind}_{layer}", 22, 4, "past")},
            {
                "logits": [*WORDS, 32000],
                **cache("present_{kind}_{layer}", 22, 4, "past + sequence"),
            },
            dims={"batch": 1, "sequence": 1, "past": 512},
            tokens={"input_ids": 32000},
        ),
        "llama_int4": Written(
            generator_model.write,
            counts_as="llama_decoder",
            # ONNX Runtime's names.
            dims={
                "batch_size": 1,
                "sequence_length": 1,
                "past_sequence_length": 512,
                "total_sequence_length": 513,
            },
            note="llama_decoder with weights of 4 bits; MACs and parameters are those of that.",
        ),
        "whisper_encoder": Model(
            nets_sequence.WhisperEncoder,
            {"spectrogram": ["batch", 80, 3000]},
            {
                "last_hidden_state": ["batch", 1500, 512],
                **cache("cross_{kind}_{layer}", 6, 8, 1500),
            },
            note="Includes the keys and values of the decoder's cross attention.",
        ),
        "whisper_decoder": whisper_decoder(tied),
        "lstm": Model(
            nets_sequence.Lstm,
            {"input": [*WORDS, 256]},
            {"output": [*WORDS, 512], "hidden": [2, "batch", 512], "cell": [2, "batch", 512]},
            dims={"batch": 1, "sequence": 32},
            note="Counted as the products with weights that the LSTM is made of.",
        ),
        "gru": Model(
            nets_sequence.Gru,
            {"input": [*WORDS, 256]},
            {"output": [*WORDS, 1024], "hidden": [4, "batch", 512]},
            dims={"batch": 1, "sequence": 32},
            note="Counted as the products with weights that the GRU is made of.",
        ),
    }


def whisper_decoder(note):
    caches = {}
    for layer in range(6):
        for name, length in (("past", "past"), ("cross", 1500)):
            for kind in ("key", "value"):
                caches[f"{name}_{kind}_{layer}"] = ["batch", 8, length, 64]
    return Model(
        nets_sequence.WhisperDecoder,
        {"input_ids": ["batch", 1], **caches},
        {"logits": ["batch", 1, 51865], **cache("present_{kind}_{layer}", 6, 8, "past + 1")},
        dims={"batch": 1, "past": 224},
        tokens={"input_ids": 51865},
        note=note,
    )


def catalogue():
    return {**vision(), **dense_prediction(), **language()}
