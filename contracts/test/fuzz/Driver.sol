// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @dev An account that does what the driver says, so that many callers fit in one transaction. As an ERC-1271 wallet it takes the
/// hash with its own address behind it for a signature.
contract Actor {
    function forward(address to, bytes calldata data) external returns (bool ok, bytes memory answer) {
        (ok, answer) = to.call(data);
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return keccak256(signature) == keccak256(abi.encodePacked(hash, address(this))) ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}

/// @dev Makes calls on a ledger one after the other and tells what came of each: a word a call.
contract Driver {
    Actor[] public actors;

    /// A hash over every view after a call that was taken, the error's selector after one that was refused.
    event Outcomes(bytes32[] outcomes);

    constructor(uint256 count) {
        for (uint256 i = 0; i < count; ++i) {
            actors.push(new Actor());
        }
    }

    function run(address ledger, uint8[] calldata froms, bytes[] calldata calls, bytes[] calldata views) external {
        bytes32[] memory outcomes = new bytes32[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool ok, bytes memory answer) = actors[froms[i]].forward(ledger, calls[i]);
            outcomes[i] = ok ? viewsOf(ledger, views) : bytes32(bytes4(answer));
        }
        emit Outcomes(outcomes);
    }

    function viewsOf(address ledger, bytes[] calldata views) public view returns (bytes32) {
        bytes memory all;
        for (uint256 i = 0; i < views.length; ++i) {
            (, bytes memory answer) = ledger.staticcall(views[i]);
            all = bytes.concat(all, answer);
        }
        return keccak256(all);
    }
}
